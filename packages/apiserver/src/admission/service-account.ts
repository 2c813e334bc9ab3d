import {
  type Container,
  forbidden,
  type KubeObject,
  type Pod,
  type PodSpec,
  randomSuffix,
  SERVICE_ACCOUNTS,
  type ServiceAccount,
  type Volume,
} from '@skiff/api'
import type { Store } from '@skiff/store'
import type { AdmissionRequest } from '../http/request-context.ts'
import { keyOf } from '../registry/keys.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'

export const TOKEN_MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const TOKEN_VOLUME_PREFIX = 'kube-api-access-'
/** An hour and 7 seconds: the odd number is how upstream tells the tokens it made itself. */
const TOKEN_LIFETIME_SECONDS = 3607
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
/** A new namespace's account is made a moment after the namespace: a pod sent right behind it waits that long. */
const ACCOUNT_WAIT_MS = 1_000

interface Surroundings {
  readonly objects: ObjectReader
  readonly store: Store
  readonly random: () => number
}

/** New pods do, unless they only mirror what a node runs by itself. */
export function needsServiceAccount({ operation, info, subresource, object }: AdmissionRequest): boolean {
  const isNewPod = operation === 'CREATE' && info.group === '' && info.resource === 'pods' && subresource === ''
  return isNewPod && object !== undefined && object.metadata.annotations?.[MIRROR_ANNOTATION] === undefined
}

/** Gives a new pod its service account, the account's pull secrets, and the volume with its token. */
export async function admitServiceAccount({ object, namespace }: AdmissionRequest, surroundings: Surroundings): Promise<void> {
  if (object === undefined) return
  const { spec } = object as unknown as Pod
  const name = spec.serviceAccountName || spec.serviceAccount || 'default'
  spec.serviceAccountName = name
  spec.serviceAccount = name

  const account = await findAccount(namespace, name, surroundings)
  if (account === undefined) {
    const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`
    throw forbidden('pods', podName(object), why)
  }
  if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0) {
    spec.imagePullSecrets = structuredClone(account.imagePullSecrets ?? [])
  }
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec, surroundings.random)
}

function podName({ metadata }: KubeObject): string {
  return metadata.name || (metadata.generateName ?? '')
}

async function findAccount(
  namespace: string,
  name: string,
  { objects, store }: Surroundings,
): Promise<ServiceAccount | undefined> {
  const find = () => objects.get<ServiceAccount>(SERVICE_ACCOUNTS, { namespace, name })
  if (find() === undefined && name === 'default') await untilWritten(store, keyOf(SERVICE_ACCOUNTS, namespace, name))
  return find()
}

/** Resolves when the key is written, at latest after a while. */
function untilWritten(store: Store, key: string): Promise<void> {
  return new Promise((resolve) => {
    const watching = new AbortController()
    const finish = () => {
      clearTimeout(timer)
      watching.abort()
      resolve()
    }
    const timer = setTimeout(finish, ACCOUNT_WAIT_MS)
    store.watch({
      prefix: key,
      afterRevision: store.revision(),
      signal: watching.signal,
      onEvents: finish,
      onClose: finish,
    })
  })
}

function mountToken(spec: PodSpec, random: () => number): void {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const without = containers.filter((container) => !mountsTokenPath(container))
  if (without.length === 0) return
  // Containers that a webhook added later share what the others have.
  const present = (spec.volumes ?? []).find((each) => each.name.startsWith(TOKEN_VOLUME_PREFIX))
  const volume = present ?? tokenVolume(`${TOKEN_VOLUME_PREFIX}${randomSuffix(random)}`)
  if (present === undefined) spec.volumes = [...(spec.volumes ?? []), volume]
  for (const container of without) {
    const mount = { name: volume.name, readOnly: true, mountPath: TOKEN_MOUNT_PATH }
    container.volumeMounts = [...(container.volumeMounts ?? []), mount]
  }
}

function mountsTokenPath(container: Container): boolean {
  return (container.volumeMounts ?? []).some(({ mountPath }) => mountPath === TOKEN_MOUNT_PATH)
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_LIFETIME_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  }
}
