import type { PodContainers } from '../runtime/runtime.ts'

export interface EngineNews {
  readonly action: string
  readonly containerId: string
}

/** Whether such an event can be a reason to look at all: nothing follows from a container that was only made. */
export function isTelling({ action }: EngineNews): boolean {
  return action === 'start' || action === 'die' || action === 'destroy'
}

/** Whether an event of the engine only tells what the worker has done or seen itself: then it needn't look again. */
export function isExplained({ action, containerId }: EngineNews, observed: PodContainers): boolean {
  const seen = [...observed.containers, ...observed.sandboxes].find(({ id }) => id === containerId)
  switch (action) {
    case 'start':
      return seen?.phase === 'running'
    case 'die':
      return seen === undefined || seen.phase === 'exited'
    case 'destroy':
      return seen === undefined
    default:
      return true
  }
}
