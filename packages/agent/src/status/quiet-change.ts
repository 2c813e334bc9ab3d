import type { ContainerStatus, PodStatus } from '@skiff/api'

/** What they say follows from the containers, or only matters to whoever looks into a pod that doesn't get on. */
const QUIET_CONDITIONS: ReadonlySet<string> = new Set(['PodReadyToStartContainers', 'Initialized', 'PodScheduled'])
/** Nothing has happened to such a container yet. */
const NOT_YET: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

/**
 * Whether the step from one status to the other can wait a moment for the next one: that the pod has come, an address, a sandbox,
 * a newer generation. Anything that a container did, that makes a pod ready or not, or that is wrong, can't.
 */
export function isQuietChange(before: PodStatus | undefined, desired: PodStatus): boolean {
  return newsOf(before ?? {}) === newsOf(desired)
}

function newsOf({ phase = 'Pending', reason = '', message = '', conditions = [], ...rest }: PodStatus): string {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = rest
  const told = conditions
    .filter(({ type, status }) => status === 'True' && !QUIET_CONDITIONS.has(type))
    .map((condition) => [condition.type, condition.reason ?? '', condition.message ?? ''].join(' '))
  const containers = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].filter(hasBegun)
  return JSON.stringify([phase, reason ?? '', message ?? '', told.sort(), containers.map(sorted)])
}

function hasBegun({ state, lastState, restartCount }: ContainerStatus): boolean {
  const isNew = restartCount === 0 && Object.keys(lastState ?? {}).length === 0
  return !(isNew && NOT_YET.has(state?.waiting?.reason ?? ''))
}

/** The API gives fields back in an order of its own, and without those that are empty. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([key, field]) => [key, sorted(field)] as const)
  return Object.fromEntries(fields.filter(([, field]) => !isEmpty(field)).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
}
