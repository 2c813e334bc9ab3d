import { createHash } from 'node:crypto'

/** What marks as ours whatever we leave on a host: two clusters on one machine don't touch each other's. */
export interface ClusterMarks {
  /** nftables' table of the pod network (the proxy has one of its own). */
  readonly table: string
  /** The comment on rules that must stand in Docker's chains, the alias on links. */
  readonly comment: string
}

export function clusterMarks(clusterId: string): ClusterMarks {
  const short = clusterId.slice(0, 8)
  return { table: `skiff_${short}_pods`, comment: `skiff ${short}` }
}

/** All links of pods, whichever cluster's. */
export const LINK_PREFIX = 'skf'

/** The host's end of a pod's pair of links; the kernel allows 15 characters. */
export function linkName(clusterId: string, podUid: string): string {
  return `${LINK_PREFIX}${createHash('sha256').update(`${clusterId}/${podUid}`).digest('hex').slice(0, 8)}`
}
