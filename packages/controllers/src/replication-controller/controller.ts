import { REPLICATION_CONTROLLERS } from '@skiff/api'
import { keepReplicas } from '../replica-set/controller.ts'
import type { ControllerContext } from '../shared/context.ts'
import { seenAsReplicaSets } from './seen-as-replica-sets.ts'

/** Keeps as many pods running as each ReplicationController says: what came before ReplicaSets, with a plainer selector. */
export async function runReplicationController(context: ControllerContext): Promise<void> {
  await keepReplicas(context, {
    info: REPLICATION_CONTROLLERS,
    name: 'replication-controller',
    component: 'replication-controller',
    objects: seenAsReplicaSets(context.informers.replicationControllers),
  })
}
