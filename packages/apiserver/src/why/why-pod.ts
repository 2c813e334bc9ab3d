import { type ContainerStatus, findCondition, humanDuration, nodeIsReady, type Pod, podIsReady } from '@skiff/api'
import type { Explanation, Finding } from './finding.ts'
import { sentence } from './finding.ts'
import { isDeleting, type Surroundings } from './surroundings.ts'
import { whyContainer } from './why-container.ts'
import { whyNode } from './why-node.ts'

type Cause = Omit<Finding, 'about'>

/** Why a pod isn't ready. */
export function whyPod(pod: Pod, around: Surroundings): Explanation {
  const about = `pod/${pod.metadata.name}`
  return { findings: causesOf(pod, around).map((cause) => ({ about, ...cause })), fine: fineOf(pod) }
}

function causesOf(pod: Pod, around: Surroundings): readonly Cause[] {
  if (isDeleting(pod)) return [whyLeaving(pod, around)]
  switch (pod.status?.phase) {
    case 'Succeeded':
      return []
    case 'Failed':
      return [whyFailed(pod), ...containerCauses(pod, around)]
  }
  if (!pod.spec.nodeName) return [whyUnscheduled(pod, around)]
  const node = whyItsNode(pod, around)
  if (node.length > 0) return node
  if (podIsReady(pod)) return []
  const containers = containerCauses(pod, around)
  return containers.length > 0 ? containers : [whyOtherwise(pod)]
}

function whyLeaving(pod: Pod, around: Surroundings): Cause {
  const { metadata, spec } = pod
  const [sick] = around.nodes.some(({ metadata: { name } }) => name === spec.nodeName) ? whyItsNode(pod, around) : []
  if (sick !== undefined) return { ...sick, cause: `The pod is being deleted, and waits for its node. ${sick.cause}` }
  if ((metadata.finalizers ?? []).length > 0) return whyFinalizers(metadata.finalizers ?? [], 'pod')
  const left = Date.parse(metadata.deletionTimestamp ?? '') - around.now.getTime()
  const within =
    left > 0 ? `It has ${humanDuration(left)} left to stop by itself.` : 'Its time is over; its node is about to remove it.'
  return { cause: `The pod is being deleted. ${within}`, cure: '' }
}

export function whyFinalizers(finalizers: readonly string[], what: string): Cause {
  return {
    cause: `The ${what} is deleted and waits for its finalizers: ${finalizers.join(', ')}.`,
    cure: 'Whoever set them removes them when his work is done. Take them out by hand only when that program is gone for good.',
  }
}

function whyFailed({ status }: Pod): Cause {
  const { reason, message } = status ?? {}
  const cause = sentence(`The pod failed${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`)
  switch (reason) {
    case 'Evicted':
      return { cause, cure: 'The node was short of something: give the pod requests that tell what it needs, or add a node.' }
    case 'DeadlineExceeded':
      return { cause, cure: 'Raise activeDeadlineSeconds, or see why it takes so long.' }
    case 'NodeLost':
      return { cause, cure: 'Its controller has made another; delete this one.' }
    default:
      return { cause, cure: 'A failed pod is not started again: delete it, or leave that to its controller.' }
  }
}

function whyUnscheduled(pod: Pod, around: Surroundings): Cause {
  const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name)
  if (gates.length > 0)
    return {
      cause: `The pod has no node: scheduling gates hold it (${gates.join(', ')}).`,
      cure: 'Whoever set them removes them.',
    }
  const condition = findCondition(pod.status?.conditions, 'PodScheduled')
  if (condition?.status === 'False' && condition.message) return fromScheduler(condition.message)
  if (around.nodes.length > 0 && !around.nodes.some(nodeIsReady)) {
    return { cause: 'The pod has no node: no node is Ready.', cure: 'See why: skiff status, then skiff why node NAME' }
  }
  const scheduler = pod.spec.schedulerName ?? 'default-scheduler'
  if (scheduler !== 'default-scheduler')
    return {
      cause: `The pod has no node: it waits for the scheduler ${scheduler}.`,
      cure: 'Start that scheduler, or take schedulerName out.',
    }
  return { cause: 'The pod has no node yet: the scheduler is about to look for one.', cure: '' }
}

/** The scheduler's first sentence says why, the rest what would help. */
function fromScheduler(message: string): Cause {
  const end = message.indexOf('. ')
  const [why, cure] = end < 0 ? [message, ''] : [message.slice(0, end), message.slice(end + 2)]
  const cause = sentence(`No node fits: ${why}`)
  return { cause, cure: cure.trim() || 'Lower what the pod asks for, or add a node ("skiff token create" prints the line).' }
}

function whyItsNode(pod: Pod, around: Surroundings): readonly Cause[] {
  const name = pod.spec.nodeName ?? ''
  const node = around.nodes.find(({ metadata }) => metadata.name === name)
  if (around.nodes.length === 0) return []
  if (node === undefined)
    return [
      {
        cause: `The pod's node ${name} is no longer part of the cluster.`,
        cure: `Delete the pod: kubectl delete pod ${pod.metadata.name}`,
      },
    ]
  if (nodeIsReady(node)) return []
  return whyNode(node, around).findings.map(({ cause, cure }) => ({
    cause: `The pod's node ${name} isn't Ready: ${cause}`,
    cure,
  }))
}

function containerCauses(pod: Pod, around: Surroundings): readonly Cause[] {
  const { initContainers = [], containers } = pod.spec
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  const init = causesOfGroup(pod, around, initContainers, initContainerStatuses)
  // App containers only wait for these.
  return init.length > 0 ? init : causesOfGroup(pod, around, containers, containerStatuses)
}

function causesOfGroup(
  pod: Pod,
  around: Surroundings,
  containers: Pod['spec']['containers'],
  statuses: readonly ContainerStatus[],
): readonly Cause[] {
  return containers.flatMap((container) => {
    const status = statuses.find(({ name }) => name === container.name)
    const isInit = pod.spec.initContainers?.includes(container) === true
    if (status === undefined || (isInit && (status.ready || !mattersNow(container, status)))) return []
    return whyContainer({ pod, around, container, status }) ?? []
  })
}

/** An init container that waits its turn or still works is no failure of its own. */
function mattersNow(container: { readonly restartPolicy?: string }, { state }: ContainerStatus): boolean {
  if (state?.running) return container.restartPolicy === 'Always'
  return state?.waiting === undefined || !['PodInitializing', ''].includes(state.waiting.reason ?? '')
}

function whyOtherwise(pod: Pod): Cause {
  if ((pod.status?.containerStatuses ?? []).length === 0) {
    return { cause: `The agent of node ${pod.spec.nodeName} has the pod and hasn't told of it yet.`, cure: '' }
  }
  const running = (pod.status?.initContainerStatuses ?? []).find(({ state }) => state?.running)
  if (running) return { cause: `Init container ${running.name} is at work; the others wait for it.`, cure: '' }
  const ready = findCondition(pod.status?.conditions, 'Ready')
  const gates = (pod.spec.readinessGates ?? []).map(({ conditionType }) => conditionType)
  const open = gates.filter((gate) => findCondition(pod.status?.conditions, gate)?.status !== 'True')
  if (open.length > 0)
    return {
      cause: `The pod's readiness gates are not met: ${open.join(', ')}.`,
      cure: 'Whoever sets these conditions must set them to True.',
    }
  return { cause: sentence(`The pod isn't ready: ${ready?.message ?? ready?.reason ?? 'its agent gives no reason'}`), cure: '' }
}

function fineOf(pod: Pod): string {
  if (pod.status?.phase === 'Succeeded') return 'The pod has done its work and ended.'
  const restarted = (pod.status?.containerStatuses ?? []).filter(({ restartCount }) => restartCount > 0)
  const restarts = restarted.map(({ name, restartCount, lastState }) => {
    const code = lastState?.terminated?.exitCode
    return `${name} was restarted ${restartCount} time${restartCount === 1 ? '' : 's'}${code === undefined ? '' : `, the last time after exit code ${code}`}`
  })
  const more = restarts.length === 0 ? '' : ` (${restarts.join('; ')})`
  return `The pod runs on node ${pod.spec.nodeName} and is ready${more}.`
}
