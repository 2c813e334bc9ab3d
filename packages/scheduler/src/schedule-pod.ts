import { FILTERS, type Filter } from './filters/index.ts'
import type { NodeState } from './node-state.ts'
import type { PodInfo } from './pod-info.ts'
import { MAX_POINTS, SCORES } from './scores/index.ts'

type ReadonlyNode = Readonly<NodeState>

/** The cluster as one decision sees it. */
export interface ClusterSnapshot {
  readonly nodes: readonly ReadonlyNode[]
  /** Where to begin looking, so that in a large cluster every node has its turn. */
  readonly startAt: number
}

export interface Rejection {
  readonly node: string
  readonly filter: string
  readonly reason: string
}

export type Decision =
  | { readonly node: string; readonly explain: string; readonly examined: number }
  | { readonly unschedulable: readonly Rejection[]; readonly message: string }

/** From this many fitting nodes on, looking at more isn't worth the time. */
const ENOUGH_NODES = 100

/** Chooses a node for a pod, or says for each node why it doesn't fit and what would help. Pure. */
export function schedulePod(pod: PodInfo, { nodes, startAt }: ClusterSnapshot): Decision {
  const problem = pod.volumes?.problem
  if (problem) return { unschedulable: [], message: `0/${nodes.length} nodes are available: ${problem.reason}. ${problem.cure}` }
  const fitting: ReadonlyNode[] = []
  const refusals: Refusal[] = []
  let examined = 0
  while (examined < nodes.length && fitting.length < ENOUGH_NODES) {
    const node = nodes[(startAt + examined) % nodes.length] as ReadonlyNode
    const refusal = firstRefusal(pod, node)
    if (refusal) refusals.push(refusal)
    else fitting.push(node)
    examined += 1
  }
  const best = bestNode(pod, fitting)
  if (best) return { ...best, examined }
  return { unschedulable: refusals.map(asRejection), message: unschedulableMessage(pod, refusals) }
}

interface Refusal {
  readonly node: ReadonlyNode
  readonly filter: Filter
  readonly reason: string
}

function firstRefusal(pod: PodInfo, node: ReadonlyNode): Refusal | undefined {
  for (const filter of FILTERS) {
    const reason = filter.check(pod, node)
    if (reason !== undefined) return { node, filter, reason }
  }
  return undefined
}

/** The highest total; of equals the one that was chosen longest ago, so that pods spread evenly. */
function bestNode(pod: PodInfo, nodes: readonly ReadonlyNode[]): { node: string; explain: string } | undefined {
  const [only] = nodes
  if (!only) return undefined
  if (nodes.length === 1) return { node: only.name, explain: 'the only node that fits' }

  const pointsByScore = SCORES.map((score) =>
    weightedPoints(
      score.normalise,
      score.weight,
      nodes.map((node) => score.rate(pod, node)),
    ),
  )
  const totals = nodes.map((_, index) => pointsByScore.reduce((sum, points) => sum + (points[index] ?? 0), 0))
  const order = nodes.map((_, index) => index)
  const best = order.reduce((a, b) => {
    const difference = (totals[b] ?? 0) - (totals[a] ?? 0)
    if (difference !== 0) return difference > 0 ? b : a
    return (nodes[b]?.lastChosen ?? 0) < (nodes[a]?.lastChosen ?? 0) ? b : a
  }, 0)
  const points = SCORES.map((score, index) => `${score.name} ${pointsByScore[index]?.[best]}`)
  return { node: (nodes[best] ?? only).name, explain: `best of ${nodes.length}: ${points.join(', ')}` }
}

function weightedPoints(normalise: 'as-is' | 'more-is-better' | 'less-is-better', weight: number, raw: number[]): number[] {
  if (normalise === 'as-is') return raw.map((points) => points * weight)
  const highest = raw.reduce((most, points) => Math.max(most, points), 0)
  return raw.map((points) => {
    const share = highest === 0 ? 0 : Math.floor((points * MAX_POINTS) / highest)
    return weight * (normalise === 'more-is-better' ? share : MAX_POINTS - share)
  })
}

function asRejection({ node, filter, reason }: Refusal): Rejection {
  return { node: node.name, filter: filter.name, reason }
}

/** Upstream's sentence (`0/3 nodes are available: 1 Insufficient cpu, 2 ...`) and then ours: what to do. */
function unschedulableMessage(pod: PodInfo, refusals: readonly Refusal[]): string {
  if (refusals.length === 0)
    return 'no nodes available to schedule pods. Join one: `skiff token create` prints the line to run on it.'
  const counts = new Map<string, number>()
  for (const { reason } of refusals) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${refusals.length} nodes are available: ${reasons.join(', ')}. ${cureOf(pod, refusals)}`
}

/** The cure for what most nodes lack; of equals that of the last filter: its nodes came closest. */
function cureOf(pod: PodInfo, refusals: readonly Refusal[]): string {
  const byFilter = FILTERS.map((filter) => refusals.filter((refusal) => refusal.filter === filter))
  const largest = byFilter.reduce((a, b) => (b.length >= a.length ? b : a), [])
  return (
    largest[0]?.filter.cure(
      pod,
      largest.map(({ node }) => node),
    ) ?? ''
  )
}
