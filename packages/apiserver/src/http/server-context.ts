import type { Logger } from 'pino'
import type { Aggregation } from '../aggregation/index.ts'
import type { FlowControl } from '../flow-control/flow-control.ts'
import type { NodeLiveness } from '../liveness/node-liveness.ts'
import type { OpenApiDocuments } from '../openapi/documents.ts'
import type { EventBytes } from '../registry/event-bytes.ts'
import type { Registry } from '../registry/registry.ts'
import type { VirtualResource } from '../registry/resource-definition.ts'
import type { TokenRequests } from '../verbs/subresources.ts'
import type { RequestMetrics } from './metrics.ts'
import type { Admission, Authenticator, Authorizer, Streaming } from './request-context.ts'
import type { TokenIssuer } from './serve-issuer.ts'

/** What every request is served with. */
export interface ServerContext {
  readonly registry: Registry
  readonly virtualResources: readonly VirtualResource[]
  readonly tokenRequests: TokenRequests | undefined
  /** Absent: there are no service-account tokens. */
  readonly tokenIssuer: TokenIssuer | undefined
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly flowControl: FlowControl
  readonly admission: Admission
  readonly streaming: Streaming | undefined
  readonly aggregation: Aggregation | undefined
  readonly liveness: NodeLiveness
  readonly eventBytes: EventBytes
  readonly openApi: OpenApiDocuments
  readonly metrics: RequestMetrics
  readonly clock: () => Date
  readonly random: () => number
  readonly logger: Logger
  /** PEM of the cluster's CA, for /cacerts. */
  readonly caCertificates: string
  /** What is wrong with the store, if anything. */
  readonly storeProblem: () => string | undefined
  /** Named checks of /readyz; a message means not ready. */
  readonly readiness: Readonly<Record<string, () => string | undefined>>
  /** Aborted when the server stops: watches end. */
  readonly stopping: AbortSignal
}
