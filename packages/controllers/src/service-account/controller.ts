import { isAlreadyExists, isNotFound, type Namespace, SERVICE_ACCOUNTS } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { namespaceIsTerminating } from '../shared/errors.ts'
import { DEFAULT_SERVICE_ACCOUNT } from '../shared/informers.ts'
import { runReconciler } from '../shared/reconcile.ts'

/** Every namespace has a ServiceAccount `default`, for pods that name none. */
export async function runServiceAccountController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { namespaces, defaultServiceAccounts } = informers

  async function reconcile(namespace: string): Promise<void> {
    if (!isActive(namespaces.get(namespace)) || defaultServiceAccounts.get(`${namespace}/${DEFAULT_SERVICE_ACCOUNT}`)) return
    try {
      await client.create(SERVICE_ACCOUNTS, { metadata: { name: DEFAULT_SERVICE_ACCOUNT, namespace } })
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !namespaceIsTerminating(error)) throw error
    }
  }

  await runReconciler(context, {
    name: 'service-account',
    reads: [namespaces, defaultServiceAccounts],
    watch: (queue) => {
      namespaces.onChange(({ key }) => queue.add(key))
      defaultServiceAccounts.onChange(({ type, object }) => {
        if (type === 'deleted') queue.add(object.metadata.namespace ?? '')
      })
    },
    reconcile,
  })
}

function isActive(namespace: Namespace | undefined): boolean {
  return namespace !== undefined && !namespace.metadata.deletionTimestamp
}
