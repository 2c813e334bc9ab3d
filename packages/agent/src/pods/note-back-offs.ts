import type { Pod } from '@skiff/api'
import type { MutablePodMemory } from './pod-memory.ts'
import type { BackingOff } from './pod-plan.ts'
import type { SayEvent } from './pod-tools.ts'
import { waitingReason } from './waiting-reason.ts'

interface Notes {
  readonly memory: MutablePodMemory
  readonly say: SayEvent
}

/** The reason that users see while a container waits for its restart, or for the next try of its image; told when it is a new one. */
export function noteBackOffs(backingOff: readonly BackingOff[], pod: Pod, { memory, say }: Notes): void {
  for (const item of backingOff) {
    if (item.type === 'restart') memory.waits(item.ended.id, performance.now() + item.waitMs)
    const now = memory.waiting.get(item.container)
    const next = waitingReason(item, pod, now)
    if (next === undefined || (next.reason === now?.reason && next.message === now.message)) continue
    memory.waiting.set(item.container, next)
    tell(item, next.message, (type, reason, message) => say(pod, type, reason, message, item.container))
  }
}

function tell(
  item: BackingOff,
  message: string,
  say: (type: 'Normal' | 'Warning', reason: string, message: string) => void,
): void {
  if (item.type === 'restart') {
    say('Warning', 'BackOff', 'Back-off restarting failed container')
    return
  }
  say('Normal', 'BackOff', message.split(': ')[0] ?? message)
  say('Warning', 'Failed', 'Error: ImagePullBackOff')
}
