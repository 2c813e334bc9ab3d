import type { Deployment, ReplicaSet } from '@skiff/api'

const PREFIX = 'deployment.kubernetes.io/'
export const REVISION = `${PREFIX}revision`
const REVISION_HISTORY = `${PREFIX}revision-history`
export const DESIRED_REPLICAS = `${PREFIX}desired-replicas`
export const MAX_REPLICAS = `${PREFIX}max-replicas`

/** A ReplicaSet says these of itself; the Deployment's own are not copied over them. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
])

type Annotations = Readonly<Record<string, string>>

/** Of 64 bits, more than a number holds exactly. */
export function revisionOf({ metadata }: Pick<ReplicaSet, 'metadata'>): bigint {
  return parseRevision(metadata.annotations?.[REVISION] ?? '')
}

function parseRevision(text: string): bigint {
  return /^\d+$/.test(text) ? BigInt(text) : 0n
}

/** The revision that the newest ReplicaSet should carry: one more than any other has. */
export function nextRevision(others: readonly ReplicaSet[]): bigint {
  return highest(others.map(revisionOf)) + 1n
}

export function highest(revisions: readonly bigint[]): bigint {
  let most = 0n
  for (const revision of revisions) if (revision > most) most = revision
  return most
}

/** What the Deployment's annotations, and its newest revision, put on its newest ReplicaSet. */
export function newReplicaSetAnnotations(deployment: Deployment, existing: Annotations, revision: bigint): Annotations {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !NOT_COPIED.has(name))
  return { ...existing, ...Object.fromEntries(copied), ...revisionAnnotations(existing, revision) }
}

/** A ReplicaSet that is rolled back to becomes the newest again and remembers which revisions it was. */
function revisionAnnotations(existing: Annotations, revision: bigint): Annotations {
  const before = existing[REVISION]
  if (before === undefined) return { [REVISION]: String(revision) }
  if (parseRevision(before) >= revision) return {}
  const history = [existing[REVISION_HISTORY], before].filter((text) => text !== undefined && text !== '')
  return { [REVISION]: String(revision), [REVISION_HISTORY]: history.join(',') }
}
