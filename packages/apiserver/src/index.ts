export { type AdmissionOptions, createAdmission, type PodSecurityDefault } from './admission/index.ts'
export { type AggregationOptions, createAggregation } from './aggregation/index.ts'
export { type ApiServer, type ApiServerOptions, createApiServer } from './api-server.ts'
export {
  type Auth,
  type AuthOptions,
  auditedAuthorizer,
  createAuth,
  defaultClusterRoleBindings,
  defaultClusterRoles,
  newToken,
  TOKEN_NAMESPACE,
  TOKEN_SECRET_TYPE,
  type TokenUsage,
  tokenHasExpired,
} from './auth/index.ts'
export { defaultFlowSchemas, defaultPriorityLevels } from './flow-control/default-config.ts'
export type * from './http/request-context.ts'
export { NodeLiveness, type NodePulse, type PulseChange } from './liveness/node-liveness.ts'
export { Registry, type RegistryOptions } from './registry/registry.ts'
export type * from './registry/resource-definition.ts'
export type { WriteContext } from './registry/write-context.ts'
export { createResourceMetrics, type ResourceMetricsOptions } from './resource-metrics/resource-metrics.ts'
export { BUILT_IN_RESOURCES } from './resources/index.ts'
export { SYSTEM_PRIORITY_CLASSES } from './resources/priorityclasses/system-priority-classes.ts'
export { type AgentCredentials, createStreaming, type StreamingOptions } from './streaming/index.ts'
export { createServiceDialer, type DialService, type ServiceDialerOptions } from './streaming/service-dialer.ts'
export type { TokenRequests } from './verbs/subresources.ts'
