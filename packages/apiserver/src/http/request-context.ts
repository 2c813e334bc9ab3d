/**
 * The life of a request, and the seams at which the parts of the API server meet.
 *
 *   socket ─ limits (3 MiB, 10 s for headers, 60 s) ─ RequestInfo (verb, kind, name) ─ Authenticator ─┬─ FlowControl ─ Authorizer
 *   this process (in-process.ts) ───────────────────── RequestInfo ───────────────────────────────────┘
 *     ├─ resource: verbs/* ─ decode ─ defaults ─ Admission.mutate ─ registry (strategy, metadata, validation)
 *     │            ─ Admission.validate ─ store ─ negotiation (JSON, YAML, Table, metadata only)
 *     ├─ log, exec, attach, portforward, proxy: Streaming (plain or upgraded)
 *     ├─ discovery, openapi, health, metrics, /apply, /skiff/v1/...
 *     └─ any throw: Status (an ApiError as it is, anything else 500 and a log line)
 *
 * auth/, admission/ and streaming/ implement the interfaces below; `createApiServer` receives them.
 */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FieldRequirement, KindInfo, KubeObject, LabelRequirement } from '@skiff/api'
import type { SubresourceName } from '../registry/resource-definition.ts'

export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  /** Non-resource paths use the HTTP method in lower case. */
  | 'head'
  | 'options'
  | 'post'
  | 'put'

/** What a request asks for, read from method and URL alone. Absent parts are ''. */
export interface RequestInfo {
  readonly isResource: boolean
  readonly verb: Verb
  /** Decoded path without the query. */
  readonly path: string
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** What follows `<name>/proxy`, with its leading slash. */
  readonly proxyPath: string
  readonly query: URLSearchParams
}

/** What a connection and its headers say about who asks. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders
  /** DER of the client's certificate, when TLS saw one; not verified against any CA yet. */
  readonly peerCertificate: Buffer | undefined
  /** The root-only unix socket: its permission is the credential. */
  readonly trustedPeer: boolean
  readonly remoteAddress: string
}

export interface Authenticator {
  /** The user, or undefined when no credentials were given (anonymous). Throws ApiError Unauthorized for bad ones. */
  authenticate(credentials: Credentials): Promise<UserInfo | undefined> | UserInfo | undefined
}

/** As a SubjectAccessReview's: either a resource or a path. */
export interface AccessAttributes {
  readonly verb: string
  readonly isResource: boolean
  readonly path: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** What a list or watch is restricted to. */
  readonly fields?: readonly FieldRequirement[]
  readonly labels?: readonly LabelRequirement[]
}

export interface AccessDecision {
  readonly allowed: boolean
  readonly reason: string
}

export interface Authorizer {
  authorize(user: UserInfo, attributes: AccessAttributes): AccessDecision
}

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly user: UserInfo
  readonly info: KindInfo
  readonly subresource: SubresourceName | ''
  readonly namespace: string
  /** '' while a generated name is not known yet. */
  readonly name: string
  /** Undefined for DELETE. `mutate` may change it, `validate` must not. */
  readonly object: KubeObject | undefined
  readonly old: KubeObject | undefined
  /** CreateOptions, UpdateOptions, ... of the request. */
  readonly options: object
  readonly dryRun: boolean
  /** Sent to the client as a Warning header. */
  readonly warn: (text: string) => void
  /** Runs the task when the write has ended, whatever became of it. */
  readonly atEnd: (task: () => void) => void
  /** Called before somebody is asked over the network: other writers of the object need not wait for the answer. */
  readonly takesTime?: () => void
}

/** Throws ApiError (Forbidden, Invalid, ...) to refuse; undefined when there is nothing to wait for, as mostly. Namespace existence is checked by the registry itself. */
export interface Admission {
  mutate(request: AdmissionRequest): Promise<void> | undefined
  validate(request: AdmissionRequest): Promise<void> | undefined
}

/** A request to log, exec, attach, portforward or proxy, or to a /skiff/v1 WebSocket: authorized already. */
export interface StreamRequest {
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly request: IncomingMessage
}

export interface Streaming {
  /** Plain HTTP. `body` is what was sent, read already. Owns the response; a throw before headers becomes a Status. */
  serve(stream: StreamRequest & { readonly body: Buffer; readonly response: ServerResponse }): Promise<void>
  /**
   * An Upgrade (WebSocket or SPDY/3.1, GET or POST). Owns the socket from the first byte it writes; a throw before
   * that is answered with a Status over plain HTTP.
   */
  upgrade(stream: StreamRequest & { readonly socket: Duplex; readonly head: Buffer }): Promise<void>
}
