import type { Admission, UserInfo } from '../http/request-context.ts'

/** Who writes, and how: the same for every verb that changes something. */
export interface WriteContext {
  readonly user: UserInfo
  /** The field manager that managedFields name. */
  readonly manager: string
  readonly dryRun: boolean
  readonly admission: Admission
  /** Sent to the client as a Warning header. */
  readonly warn: (text: string) => void
  /** The request's CreateOptions, PatchOptions, ... as admission shows them; absent: what follows from the rest. */
  readonly options?: WriteOptions
}

export interface WriteOptions {
  readonly kind: string
  readonly apiVersion: 'meta.k8s.io/v1'
}

export function optionsOf({ options, manager, dryRun }: WriteContext, kind: string): WriteOptions {
  if (options !== undefined) return options
  const said = kind === 'DeleteOptions' ? {} : { fieldManager: manager }
  return { kind, apiVersion: 'meta.k8s.io/v1', ...said, ...(dryRun ? { dryRun: ['All'] } : {}) }
}

export interface ObjectRef {
  /** '' for cluster-wide kinds. */
  readonly namespace: string
  readonly name: string
}
