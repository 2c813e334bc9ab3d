import type { Pod } from '@skiff/api'
import { containerOf } from './container-history.ts'
import type { WaitingReason } from './pod-memory.ts'
import type { BackingOff } from './pod-plan.ts'

/** What a container that backs off is shown with, in the kubelet's words; undefined: what is said of it now stays. */
export function waitingReason(item: BackingOff, pod: Pod, now: WaitingReason | undefined): WaitingReason | undefined {
  if (item.type === 'restart') {
    const { name, namespace, uid } = pod.metadata
    const who = `container=${item.container} pod=${name}_${namespace}(${uid})`
    return { reason: 'CrashLoopBackOff', message: `back-off ${goDuration(item.delaySeconds)} restarting failed ${who}` }
  }
  if (now === undefined || !PULL_FAILURES.includes(now.reason)) return undefined
  const container = containerOf(pod, item.container)
  return { reason: 'ImagePullBackOff', message: `Back-off pulling image "${container?.image}": ${now.reason}: ${now.message}` }
}

const PULL_FAILURES = ['ErrImagePull', 'RegistryUnavailable']

/** As Go prints it: 10s, 1m20s, 5m0s. */
function goDuration(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
