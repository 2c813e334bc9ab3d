import { DEPLOYMENTS, type KindInfo, type KubeObject, REPLICA_SETS } from '@skiff/api'
import type { KnownKinds } from './known-kinds.ts'

/** The subresource of what has replicas, whatever its kind. */
export interface Scale extends KubeObject {
  readonly spec?: { readonly replicas?: number }
  /** In the form of a query. */
  readonly status?: { readonly selector?: string }
}

/** What most owners and targets are: the server needn't be asked for its kinds. */
const USUAL = [DEPLOYMENTS, REPLICA_SETS]

export interface NamedKind {
  readonly group: string
  /** Undefined: the server has no such kind, in whichever version. */
  readonly info: KindInfo | undefined
}

export async function kindNamed(
  { apiVersion = '', kind }: { readonly apiVersion?: string; readonly kind: string },
  kinds: KnownKinds,
): Promise<NamedKind> {
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : []
  const isNamed = (one: KindInfo) => one.kind === kind && one.group === group
  const usual = USUAL.find(isNamed)
  if (usual !== undefined) return { group, info: usual }
  const [info] = await kinds.select(isNamed, (found) => found.length > 0)
  return { group, info }
}
