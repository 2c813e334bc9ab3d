import {
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  NAMESPACES,
  NODES,
  type ObjectMeta,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  SERVICES,
} from '@skiff/api'
import type { Informer } from '@skiff/client'
import type { SharedInformers } from '../shared/informers.ts'

type AnyInformer = Informer<{ readonly metadata: ObjectMeta }>

/** The kinds that other controllers follow in full already, by `group/resource`. */
export function sharedInformersByKind(informers: SharedInformers): ReadonlyMap<string, AnyInformer> {
  const { pods, replicaSets, replicationControllers, deployments, services, endpointSlices, endpoints, nodes, namespaces } =
    informers
  const rows: [{ group: string; resource: string }, AnyInformer][] = [
    [PODS, pods],
    [REPLICA_SETS, replicaSets],
    [REPLICATION_CONTROLLERS, replicationControllers],
    [DEPLOYMENTS, deployments],
    [SERVICES, services],
    [ENDPOINT_SLICES, endpointSlices],
    [ENDPOINTS, endpoints],
    [NODES, nodes],
    [NAMESPACES, namespaces],
  ]
  return new Map(rows.map(([{ group, resource }, informer]) => [`${group}/${resource}`, informer]))
}
