import { isAlreadyExists, isNotFound, type Namespace, SERVICE_ACCOUNTS } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { namespaceIsTerminating } from '../shared/errors.ts'
import { runReconciler } from '../shared/reconcile.ts'

const DEFAULT_SERVICE_ACCOUNT = 'default'

/** Every namespace has a ServiceAccount `default`, for pods that name none. */
export async function runServiceAccountController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { namespaces, serviceAccounts } = informers

  async function reconcile(namespace: string): Promise<void> {
    if (!isActive(namespaces.get(namespace)) || serviceAccounts.get(`${namespace}/${DEFAULT_SERVICE_ACCOUNT}`)) return
    try {
      await client.create(SERVICE_ACCOUNTS, { metadata: { name: DEFAULT_SERVICE_ACCOUNT, namespace } })
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !namespaceIsTerminating(error)) throw error
    }
  }

  await runReconciler(context, {
    name: 'service-account',
    reads: [namespaces, serviceAccounts],
    watch: (queue) => {
      namespaces.onChange(({ key }) => queue.add(key))
      serviceAccounts.onChange(({ type, object }) => {
        if (type === 'deleted' && object.metadata.name === DEFAULT_SERVICE_ACCOUNT) queue.add(object.metadata.namespace ?? '')
      })
    },
    reconcile,
  })
}

function isActive(namespace: Namespace | undefined): boolean {
  return namespace !== undefined && !namespace.metadata.deletionTimestamp
}
