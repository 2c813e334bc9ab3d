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
}

export interface ObjectRef {
  /** '' for cluster-wide kinds. */
  readonly namespace: string
  readonly name: string
}
