import type { ResourceDefinition } from '../registry/resource-definition.ts'
import { csrResource } from './certificatesigningrequests/csr-resource.ts'
import { configMapResource } from './configmaps/config-map-resource.ts'
import { deploymentResource } from './deployments/deployment-resource.ts'
import { endpointsResource } from './endpoints/endpoints-resource.ts'
import { endpointSliceResource } from './endpointslices/endpoint-slice-resource.ts'
import { eventResource } from './events/event-resource.ts'
import { leaseResource } from './leases/lease-resource.ts'
import { namespaceResource } from './namespaces/namespace-resource.ts'
import { nodeResource } from './nodes/node-resource.ts'
import { podResource } from './pods/pod-resource.ts'
import { clusterRoleBindingResource, clusterRoleResource, roleBindingResource, roleResource } from './rbac/rbac-resources.ts'
import { replicaSetResource } from './replicasets/replica-set-resource.ts'
import { secretResource } from './secrets/secret-resource.ts'
import { serviceAccountResource } from './serviceaccounts/service-account-resource.ts'
import { serviceResource } from './services/service-resource.ts'
import { withZeroFields } from './zero-fields.ts'

/** Every kind that the server knows from the start. A new kind: its folder, and its line here. */
export const BUILT_IN_RESOURCES: readonly ResourceDefinition[] = [
  namespaceResource,
  nodeResource,
  podResource,
  serviceResource,
  endpointsResource,
  configMapResource,
  secretResource,
  serviceAccountResource,
  eventResource,
  deploymentResource,
  replicaSetResource,
  endpointSliceResource,
  leaseResource,
  csrResource,
  roleResource,
  roleBindingResource,
  clusterRoleResource,
  clusterRoleBindingResource,
].map(withZeroFields)
