/** What an object takes of a namespace's quotas (k8s.io/kubernetes/pkg/quota/v1/evaluator/core). Pure. */

import { type KindInfo, qualifiedResource } from '../kinds.ts'
import { hasPodResources, podIsTerminal } from '../pods.ts'
import { canonicalQuantity, parseQuantity, quantityToBytes } from '../quantity.ts'
import type { KubeObject, PersistentVolumeClaim, Pod, PodSpec, Service } from '../types.ts'
import { allContainersOf, podAmounts } from './pod-amounts.ts'

type Usage = Record<string, string>
type GroupResource = Pick<KindInfo, 'group' | 'resource'>

const NANOS = 1_000_000_000n
const STORAGE_CLASS_SUFFIX = '.storageclass.storage.k8s.io/'
const STORAGE_CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'

/** Kinds that had a name of their own before `count/` was invented. */
const SHORT_NAMES: ReadonlySet<string> = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'])

const SERVICE_NAMES: readonly string[] = ['services', 'services.nodeports', 'services.loadbalancers']
const CLAIM_NAMES: readonly string[] = ['persistentvolumeclaims', 'requests.storage']
const POD_NAMES: readonly string[] = [
  'pods',
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]

/** Of a quota's resource names those that objects of this kind use up. */
export function quotaNamesOf(info: GroupResource, names: readonly string[]): string[] {
  return names.filter((name) => name === countName(info) || isNameOf(info, name))
}

function isNameOf({ group, resource }: GroupResource, name: string): boolean {
  if (group !== '') return false
  switch (resource) {
    case 'pods':
      return POD_NAMES.includes(name) || /^(requests\.)?hugepages-/.test(name) || isExtendedRequest(name)
    case 'services':
      return SERVICE_NAMES.includes(name)
    case 'persistentvolumeclaims':
      return CLAIM_NAMES.some((each) => name === each || name.endsWith(STORAGE_CLASS_SUFFIX + each))
    default:
      return SHORT_NAMES.has(resource) && name === resource
  }
}

/** `requests.example.com/gpu`: of what a node has in addition, only requests can be limited. */
function isExtendedRequest(name: string): boolean {
  return name.startsWith('requests.') && isExtendedResource(name.slice('requests.'.length))
}

function isExtendedResource(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/')
}

function countName(info: GroupResource): string {
  return `count/${qualifiedResource(info)}`
}

/** What the object uses up, by resource name; names that it doesn't use may be missing. */
export function quotaUsage(info: GroupResource, object: KubeObject, now: Date): Usage {
  const counted: Usage = { [countName(info)]: '1' }
  if (info.group !== '') return counted
  switch (info.resource) {
    case 'pods':
      return { ...counted, ...podUsage(object as unknown as Pod, now) }
    case 'services':
      return { ...counted, ...serviceUsage(object as unknown as Service) }
    case 'persistentvolumeclaims':
      return { ...counted, ...claimUsage(object as unknown as PersistentVolumeClaim) }
    default:
      return SHORT_NAMES.has(info.resource) ? { ...counted, [info.resource]: '1' } : counted
  }
}

/** A pod that has ended, or whose grace is over, takes nothing but its place in `count/pods`. */
function podUsage(pod: Pod, now: Date): Usage {
  if (podIsTerminal(pod) || graceIsOver(pod, now)) return {}
  const requests = podAmounts(pod.spec, 'requests')
  const limits = podAmounts(pod.spec, 'limits')
  const usage: Usage = { pods: '1' }
  for (const [name, amount] of Object.entries(requests)) {
    usage[`requests.${name}`] = amount
    if (!isExtendedResource(name)) usage[name] = amount
  }
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const amount = limits[name]
    if (amount !== undefined) usage[`limits.${name}`] = amount
  }
  return usage
}

function graceIsOver({ metadata }: Pod, now: Date): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  return (
    deletionTimestamp !== undefined && deletionGracePeriodSeconds !== undefined && Date.parse(deletionTimestamp) < now.getTime()
  )
}

/** Node ports aren't given out yet when a Service is judged: what counts is how many it will get. */
function serviceUsage({ spec }: Service): Usage {
  const ports = spec.ports ?? []
  const balanced = spec.type === 'LoadBalancer'
  const named = ports.filter(({ nodePort }) => nodePort !== undefined && nodePort !== 0).length
  const ownPorts = balanced && spec.allocateLoadBalancerNodePorts === false ? named : ports.length
  const nodePorts = balanced || spec.type === 'NodePort' ? ownPorts : 0
  return { services: '1', 'services.nodeports': String(nodePorts), 'services.loadbalancers': balanced ? '1' : '0' }
}

function claimUsage(claim: PersistentVolumeClaim): Usage {
  const usage: Usage = { persistentvolumeclaims: '1' }
  const storage = claimedStorage(claim)
  if (storage !== undefined) usage['requests.storage'] = storage
  const storageClass = claim.metadata.annotations?.[STORAGE_CLASS_ANNOTATION] ?? claim.spec.storageClassName ?? ''
  if (storageClass === '') return usage
  return { ...usage, ...prefixed(`${storageClass}${STORAGE_CLASS_SUFFIX}`, usage) }
}

function prefixed(prefix: string, usage: Usage): Usage {
  return Object.fromEntries(Object.entries(usage).map(([name, amount]) => [prefix + name, amount]))
}

/** In whole bytes; while a volume is being resized, the larger of what is asked and what is allocated. */
function claimedStorage({ spec, status }: PersistentVolumeClaim): string | undefined {
  const asked = spec.resources?.requests?.storage
  if (asked === undefined) return undefined
  const allocated = status?.allocatedResources?.storage ?? '0'
  const larger = quantityToBytes(allocated) > quantityToBytes(asked) ? allocated : asked
  return canonicalQuantity({ nanos: quantityToBytes(larger) * NANOS, format: parseQuantity(larger).format })
}

/**
 * Names of cpu and memory that a quota limits and that containers of the pod don't state, each with those containers.
 * Whoever limits them makes stating them a duty, of which a pod with resources of its own relieves its containers.
 */
export function unstatedResources(spec: PodSpec, names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const unstated = new Map<string, string[]>()
  if (hasPodResources(spec)) return unstated
  for (const name of names.filter((each) => DUTIES.has(each)).sort()) {
    const [which, resource] = statedAs(name)
    const without = allContainersOf(spec).filter((container) => container.resources?.[which]?.[resource] === undefined)
    const containers = without.map((container) => container.name).sort()
    if (containers.length > 0) unstated.set(name, containers)
  }
  return unstated
}

const DUTIES: ReadonlySet<string> = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'])

function statedAs(name: string): ['requests' | 'limits', string] {
  if (name.startsWith('limits.')) return ['limits', name.slice('limits.'.length)]
  return ['requests', name.replace(/^requests\./, '')]
}
