import { findCondition, humanDuration, type Node, nodeIsReady, podIsTerminal } from '@skiff/api'
import { type Explanation, type Finding, sentence } from './finding.ts'
import type { Surroundings } from './surroundings.ts'

type Cause = Omit<Finding, 'about'>

const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: 'Memory runs short on the node: stop something, or give pods memory limits.',
  DiskPressure: 'The disk runs full on the node: make room ("docker system prune" there).',
  PIDPressure: 'The node has nearly as many processes as it may have: stop something, or raise kernel.pid_max.',
}

/** Why a node takes no pods. */
export function whyNode(node: Node, around: Surroundings): Explanation {
  const about = `node/${node.metadata.name}`
  const causes = [...whyNotReady(node, around), ...pressuresOf(node), ...refusalsOf(node)]
  const pods = around.pods.filter((pod) => pod.spec.nodeName === node.metadata.name && !podIsTerminal(pod)).length
  const counted = pods > 0 ? ` It has ${pods} pod${pods === 1 ? '' : 's'}.` : ''
  return { findings: causes.map((cause) => ({ about, ...cause })), fine: `The node is Ready and takes pods.${counted}` }
}

function whyNotReady(node: Node, around: Surroundings): readonly Cause[] {
  if (nodeIsReady(node)) return []
  const ready = findCondition(node.status?.conditions, 'Ready')
  const { name } = node.metadata
  if (ready === undefined)
    return [
      { cause: 'Its agent has registered and not told how it is yet.', cure: `If that lasts, see the agent's log on ${name}.` },
    ]
  if (ready.status === 'Unknown') return [silent(node, around)]
  const message = ready.message ?? ready.reason ?? 'its agent gives no reason'
  return [{ cause: sentence(`Its agent says: ${message}`), cure: cureOf(message, name) }]
}

function silent(node: Node, around: Surroundings): Cause {
  const { lastHeartbeatTime } = findCondition(node.status?.conditions, 'Ready') ?? {}
  const since = lastHeartbeatTime
    ? ` for ${humanDuration(Math.max(0, around.now.getTime() - Date.parse(lastHeartbeatTime)))}`
    : ''
  return {
    cause: `Nothing has been heard of its agent${since}: the machine is off, the network between is cut, or the agent doesn't run.`,
    cure: `On ${node.metadata.name}: start the agent ("systemctl restart skiff-agent", or "skiff up", after "skiff down" if it hangs), then "skiff doctor". If it never returns: kubectl delete node ${node.metadata.name}`,
  }
}

function cureOf(message: string, name: string): string {
  if (/runtime|docker|engine/i.test(message))
    return `Start Docker on ${name} ("systemctl start docker", or "skiff up" for a host that it made); "skiff doctor" there says more.`
  if (/network|nft|iptables|route/i.test(message)) return `Run "skiff doctor" on ${name}: it checks programs, kernel and routes.`
  return `Run "skiff doctor" on ${name}.`
}

function pressuresOf(node: Node): readonly Cause[] {
  return (node.status?.conditions ?? []).flatMap(({ type, status, message }) => {
    const cure = PRESSURES[type]
    return cure === undefined || status !== 'True' ? [] : [{ cause: sentence(`${type}: ${message ?? 'the node says so'}`), cure }]
  })
}

/** Taints of the node's own state are told of above. */
function refusalsOf({ metadata: { name }, spec }: Node): readonly Cause[] {
  if (spec.unschedulable === true) return [{ cause: 'It is cordoned: it takes no new pods.', cure: `kubectl uncordon ${name}` }]
  const taints = (spec.taints ?? []).filter(
    ({ key, effect }) => effect !== 'PreferNoSchedule' && !key.startsWith('node.kubernetes.io/'),
  )
  return taints.map(({ key, value, effect }) => ({
    cause: `Its taint ${key}${value ? `=${value}` : ''}:${effect} keeps off pods that don't tolerate it.`,
    cure: `If that isn't wanted: kubectl taint node ${name} ${key}:${effect}-`,
  }))
}
