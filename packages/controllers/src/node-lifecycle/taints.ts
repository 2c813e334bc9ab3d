import { findCondition, type Node, type Taint } from '@skiff/api'

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

/** Conditions that are bad when True, and the taint that keeps new pods away meanwhile. */
const PRESSURES: readonly (readonly [condition: string, taint: string])[] = [
  ['MemoryPressure', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'node.kubernetes.io/network-unavailable'],
]

const MANAGED: ReadonlySet<string> = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...PRESSURES.map(([, taint]) => taint)])

/**
 * The taints that a node's conditions ask for, beside those that others put there.
 * @param options.evict whether pods may be driven away from a node that isn't ready
 * @param options.now for `timeAdded` of new NoExecute taints
 */
export function taintsFor(node: Node, options: { readonly evict: boolean; readonly now: string }): Taint[] {
  const before = node.spec.taints ?? []
  const foreign = before.filter(({ key }) => !MANAGED.has(key))
  const ours = [...conditionTaints(node, options.evict), ...(node.spec.unschedulable ? [noSchedule(UNSCHEDULABLE)] : [])]
  const kept = ours.map(
    (taint) => before.find((one) => one.key === taint.key && one.effect === taint.effect) ?? added(taint, options.now),
  )
  return [...foreign, ...kept]
}

function conditionTaints(node: Node, evict: boolean): Taint[] {
  const conditions = node.status?.conditions
  const pressures = PRESSURES.filter(([type]) => findCondition(conditions, type)?.status === 'True').map(([, key]) =>
    noSchedule(key),
  )
  const ready = findCondition(conditions, 'Ready')
  if (ready?.status === 'True') return pressures
  // A node that never said anything runs nothing yet that could be driven away.
  if (!ready) return [noSchedule(NOT_READY), ...pressures]
  const key = ready.status === 'Unknown' ? UNREACHABLE : NOT_READY
  return [noSchedule(key), ...(evict ? [{ key, effect: 'NoExecute' as const }] : []), ...pressures]
}

function noSchedule(key: string): Taint {
  return { key, effect: 'NoSchedule' }
}

function added(taint: Taint, now: string): Taint {
  return { ...taint, timeAdded: now }
}
