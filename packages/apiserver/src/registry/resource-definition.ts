/**
 * What the server knows of one kind, declared in one place (`resources/<kind>/`). Everything generic (verbs, watch,
 * patches, discovery, Tables) is driven by it.
 */

import type { Decoded, DecodeOptions, FieldError, KindInfo, KubeObject, TypeSchema } from '@skiff/api'
import type { UserInfo } from '../http/request-context.ts'

export interface ResourceDefinition {
  readonly info: KindInfo
  readonly strategy: Strategy
  /** Absent: Name and Created At. */
  readonly columns?: TableColumns
  readonly subresources?: readonly SubresourceName[]
  /** How `/scale` reads and writes the kind; required with the `scale` subresource. */
  readonly scale?: ScalePaths
  /** Fields usable in `fieldSelector` beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: KubeObject) => string>>
  /** DELETE of an object that is gone at once answers the object instead of a Status. */
  readonly deleteReturnsObject?: boolean
  /** A DELETE that says nothing of dependents leaves them (kinds older than the garbage collector); `warning` tells of it. */
  readonly orphansByDefault?: { readonly warning?: string }
  /** PUT of a name that is missing creates it (Lease, Event, Endpoints and few others upstream). */
  readonly createOnUpdate?: boolean
  /** PUT without resourceVersion is refused. */
  readonly requireRevisionOnUpdate?: boolean
  /** Objects expire so many seconds after their last write (Events: 3600). */
  readonly ttlSeconds?: number
  /** Every answer carries it as a Warning. */
  readonly deprecation?: string
  /** Set on a version that is not the stored one. Of its strategy only `default` counts; the rest is the stored version's. */
  readonly conversion?: VersionConversion
  /** Of a kind that a CustomResourceDefinition declares. */
  readonly custom?: CustomKind
}

/** How a kind that isn't built in is read, and what clients are told of its form. */
export interface CustomKind {
  readonly schema: TypeSchema
  readonly list: TypeSchema
  readonly listKind: string
  /** Throws BadRequest. Changes `value`. */
  readonly decode: (value: unknown, options?: DecodeOptions) => Decoded
}

/** How the objects of one version are kept as those of another. Both give new objects and leave what they are given alone. */
export interface VersionConversion {
  readonly storage: KindInfo
  toStored(object: KubeObject): KubeObject
  fromStored(object: KubeObject): KubeObject
  /** What this version asks of who writes it beyond the stored one's rules; both objects are in the stored form. */
  validate?(object: KubeObject, old: KubeObject | undefined): readonly FieldError[]
}

export type SubresourceName =
  | 'status'
  | 'scale'
  | 'binding'
  | 'eviction'
  | 'ephemeralcontainers'
  | 'resize'
  | 'finalize'
  | 'approval'
  | 'token'
  | 'log'
  | 'exec'
  | 'attach'
  | 'portforward'
  | 'proxy'

/**
 * A kind's own rules. Functions that take `object` without saying otherwise may change it: it is a fresh copy.
 * `old` is the stored object and read-only. The order of a create is: decode, `default`, mutating admission,
 * `prepareForCreate`, metadata, `validate`, `canonicalize`, validating admission, store.
 */
export interface Strategy {
  /** Fill in defaults. Must be idempotent: it also runs on what is read from patches. */
  default?(object: KubeObject): void
  /** Drop what a client may not set (status), allocate what the server gives (addresses). */
  prepareForCreate?(object: KubeObject, context: StrategyContext): void
  /** The main path: keep the old status, carry over allocated fields. `generation` is bumped by the registry when the spec changed. */
  prepareForUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): void
  /** Every problem of the object by itself. metadata is checked by the registry. */
  validate(object: KubeObject): readonly FieldError[]
  /** Problems that only a new object is refused for; `validate` has run as well. */
  validateNew?(object: KubeObject): readonly FieldError[]
  /** Problems of the change only (immutable fields); `validate` has run as well. */
  validateUpdate?(object: KubeObject, old: KubeObject): readonly FieldError[]
  /** Bring equal things into one form (quantities, duplicates), after validation. */
  canonicalize?(object: KubeObject): void
  /** The `/status` path. The registry has already put the old spec back. */
  prepareForStatusUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): void
  validateStatusUpdate?(object: KubeObject, old: KubeObject): readonly FieldError[]
  /** Other writable subresources (ephemeralcontainers, resize, approval): what of `object` may differ from `old`. */
  prepareForSubresource?(subresource: SubresourceName, object: KubeObject, old: KubeObject, context: StrategyContext): void
  validateSubresource?(subresource: SubresourceName, object: KubeObject, old: KubeObject): readonly FieldError[]
  /** Seconds of grace that a DELETE gives; 0 or absent: gone at once. `asked` is gracePeriodSeconds of the request. */
  gracePeriodSeconds?(object: KubeObject, asked: number | undefined): number
  /** Advice that is sent as Warning headers. */
  warnings?(object: KubeObject, old: KubeObject | undefined): readonly string[]
  /** How metadata.name is checked; default: DNS subdomain. */
  nameProblems?(name: string): readonly string[]
  /** metadata.generation starts at 1 and counts changes of anything but metadata and status. */
  readonly countsGenerations?: boolean
  /** The status is like any other field (there is no `/status`): changes of it count as well. */
  readonly countsStatus?: boolean
  /** Finalizers need no path in their names. */
  readonly anyFinalizer?: boolean
  /** Changed annotations count as well (Deployments: they are handed on to ReplicaSets). */
  readonly annotationsAreGenerations?: boolean
  /** The `/status` path changes no labels, annotations, finalizers or owners. */
  readonly statusKeepsMetadata?: boolean
  /** DELETE only marks the object while this holds, as it does while there are finalizers (a namespace's spec.finalizers). */
  holdsDeletion?(object: KubeObject): boolean
  /** Called on the fresh copy that a DELETE marks (a namespace becomes Terminating). */
  markDeleted?(object: KubeObject): void
}

export interface StrategyContext {
  readonly user: UserInfo
  readonly now: Date
  readonly random: () => number
  readonly dryRun: boolean
  readonly cluster: ClusterConfig
  readonly objects: ObjectReader
  readonly claims: Claims
}

/** What the cluster was started with. */
export interface ClusterConfig {
  readonly serviceCidr: string
  readonly podCidr: string
  readonly nodePorts: { readonly first: number; readonly last: number }
  readonly clusterDomain: string
  readonly defaultTolerationSeconds: number
}

/** The newest state, read-only; synchronous because it is served from memory. */
export interface ObjectReader {
  get<T = KubeObject>(info: KindInfo, ref: { readonly name: string; readonly namespace?: string }): T | undefined
  list<T = KubeObject>(info: KindInfo, namespace?: string): readonly T[]
}

/**
 * Values that writes under way have taken but that the store does not show yet (an address, a port). The registry
 * releases a write's claims when the write has ended; from then on the stored object shows them.
 */
export interface Claims {
  /** False when another write under way holds the value. */
  take(pool: string, value: string): boolean
}

/** Dotted paths into the object, as in a CustomResourceDefinition's scale subresource. */
export interface ScalePaths {
  readonly specReplicas: string
  readonly statusReplicas: string
  /** A LabelSelector, or a plain map of labels (ReplicationController). */
  readonly selector: string
}

/** A kind that is answered and not stored: reviews, token requests, component statuses. */
export interface VirtualResource {
  readonly info: KindInfo
  /** Answers the object to send with 201. */
  create?(
    object: KubeObject,
    call: { readonly user: UserInfo; readonly namespace: string; readonly dryRun: boolean },
  ): Promise<object>
  /** What there is at the moment, of that namespace and name at least; '' means every one. */
  list?(scope: VirtualScope): readonly KubeObject[] | Promise<readonly KubeObject[]>
  readonly columns?: TableColumns
  /** Sent with every answer as a Warning header. */
  readonly deprecation?: string
  /** Answered, but in no discovery: old clients ask for it without looking. */
  readonly isUnlisted?: true
}

export interface VirtualScope {
  readonly namespace: string
  readonly name: string
}

export interface TableColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description?: string
  /** 1: only with `-o wide`. */
  readonly priority?: 0 | 1
}

export type TableCell = string | number | boolean | null

export interface TableColumns {
  readonly columns: readonly TableColumn[]
  /** One cell per column. */
  cells(object: KubeObject, now: Date): readonly TableCell[]
  readonly conditions?: (object: KubeObject) => readonly { type: string; status: string; reason?: string; message?: string }[]
}
