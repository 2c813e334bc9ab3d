import { CONFIG_MAPS, isAlreadyExists, isNotFound } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { namespaceIsTerminating } from '../shared/errors.ts'
import { ROOT_CA_CONFIG_MAP } from '../shared/informers.ts'
import { runReconciler } from '../shared/reconcile.ts'

const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Every namespace has the cluster's CA in a ConfigMap, from which pods get it. */
export async function runRootCaController(context: ControllerContext, caCertificate: string): Promise<void> {
  const { client, informers } = context
  const { namespaces, rootCaConfigMaps } = informers
  const data = { 'ca.crt': caCertificate }

  async function reconcile(namespace: string): Promise<void> {
    const found = namespaces.get(namespace)
    if (!found || found.metadata.deletionTimestamp) return
    const existing = rootCaConfigMaps.get(`${namespace}/${ROOT_CA_CONFIG_MAP}`)
    if (existing?.data?.['ca.crt'] === caCertificate && Object.keys(existing.data).length === 1) return
    try {
      if (existing) await replace(namespace)
      else await create(namespace)
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !namespaceIsTerminating(error)) throw error
    }
  }

  async function create(namespace: string): Promise<void> {
    const annotations = { 'kubernetes.io/description': DESCRIPTION }
    await client.create(CONFIG_MAPS, { metadata: { name: ROOT_CA_CONFIG_MAP, namespace, annotations }, data } as object)
  }

  async function replace(namespace: string): Promise<void> {
    const body = [{ op: 'add', path: '/data', value: data }]
    await client.patch(CONFIG_MAPS, { name: ROOT_CA_CONFIG_MAP, namespace }, { type: 'json', body })
  }

  await runReconciler(context, {
    name: 'root-ca',
    reads: [namespaces, rootCaConfigMaps],
    watch: (queue) => {
      namespaces.onChange(({ key }) => queue.add(key))
      rootCaConfigMaps.onChange(({ object }) => queue.add(object.metadata.namespace ?? ''))
    },
    reconcile,
  })
}
