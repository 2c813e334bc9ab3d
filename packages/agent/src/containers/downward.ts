/** The downward API: a pod's own fields and resources, for variables and for files. */

import { type Container, type Pod, parseQuantity, quantityToNumber } from '@skiff/api'
import { containerOf } from '../pods/container-history.ts'
import { ConfigError } from './config-error.ts'

export interface DownwardContext {
  readonly podIp: string
  readonly nodeIp: string
  /** What a container may use that has no limit, nor has its pod. */
  readonly allocatable: Readonly<Record<string, string>>
}

/** The value of a `fieldRef`. Throws ConfigError for a path that isn't one. */
export function fieldValue(pod: Pod, path: string, context: DownwardContext): string {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (keyed) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid
    case 'metadata.labels':
      return formatMap(pod.metadata.labels)
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations)
    case 'spec.nodeName':
      return pod.spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? ''
    case 'status.hostIP':
    case 'status.hostIPs':
      return context.nodeIp
    case 'status.podIP':
    case 'status.podIPs':
      return context.podIp
    default:
      throw new ConfigError(`unsupported fieldPath: ${path}`)
  }
}

/** `key="value"` a line, sorted, as a downwardAPI file shows a map. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  const lines = Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
  return lines.join('\n')
}

export interface ResourceRef {
  readonly resource: string
  readonly containerName?: string
  readonly divisor?: string | number
}

/** The value of a `resourceFieldRef`, in units of its divisor, rounded up. */
export function resourceValue(pod: Pod, ref: ResourceRef, fallback: Container | undefined, context: DownwardContext): string {
  const container = ref.containerName ? containerOf(pod, ref.containerName) : fallback
  if (container === undefined) throw new ConfigError(`container ${ref.containerName ?? ''} not found`)
  const [kind, ...rest] = ref.resource.split('.')
  const name = rest.join('.')
  if ((kind !== 'limits' && kind !== 'requests') || name === '') {
    throw new ConfigError(`unsupported container resource : ${ref.resource}`)
  }
  const own = container.resources?.[kind]?.[name]
  const quantity =
    own ?? (kind === 'limits' ? (pod.spec.resources?.limits?.[name] ?? context.allocatable[name]) : undefined) ?? '0'
  return inUnitsOf(String(quantity), String(ref.divisor ?? '1'))
}

function inUnitsOf(quantity: string, divisor: string): string {
  const unit = parseQuantity(divisor).nanos || 1_000_000_000n
  if (quantityToNumber(quantity) === 0) return '0'
  return String((parseQuantity(quantity).nanos + unit - 1n) / unit)
}
