import {
  allContainersOf,
  forbidden,
  LIMIT_RANGES,
  type LimitRange,
  type PersistentVolumeClaim,
  type Pod,
  podAmounts,
  qualifiedResource,
} from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { nameInMessage } from '../request-facts.ts'
import { applyDefaults } from './apply-defaults.ts'
import { type Held, limitProblems } from './limit-problems.ts'

/** Gives a new pod's containers what the namespace's LimitRanges say by default (upstream: LimitRanger). */
export function admitLimitDefaults(request: AdmissionRequest, objects: ObjectReader): void {
  if (!isLimited(request) || request.info.resource !== 'pods') return
  for (const range of rangesOf(request, objects)) applyDefaults(request.object as unknown as Pod, range)
}

/** Refuses what is outside of a LimitRange of its namespace. Throws Forbidden with every problem of the first that is broken. */
export function refuseBeyondLimits(request: AdmissionRequest, objects: ObjectReader): void {
  if (!isLimited(request)) return
  for (const range of rangesOf(request, objects)) {
    const problems = [...new Set((range.spec.limits ?? []).flatMap((item) => problemsOf(request, item)))]
    if (problems.length === 0) continue
    const why = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
    throw forbidden(qualifiedResource(request.info), nameInMessage(request), why ?? '')
  }
}

/** Containers can't be added to a pod and change only by being resized; claims can grow. */
function isLimited({ operation, info, subresource, object }: AdmissionRequest): boolean {
  if (info.group !== '' || object === undefined) return false
  if (operation === 'UPDATE' && object.metadata.deletionTimestamp !== undefined) return false
  switch (info.resource) {
    case 'pods':
      return (operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize')
    case 'persistentvolumeclaims':
      return subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')
    default:
      return false
  }
}

function rangesOf({ namespace }: AdmissionRequest, objects: ObjectReader): readonly LimitRange[] {
  return objects.list<LimitRange>(LIMIT_RANGES, namespace)
}

type Item = LimitRange['spec']['limits'][number]

function problemsOf({ info, object }: AdmissionRequest, item: Item): string[] {
  if (info.resource === 'persistentvolumeclaims') {
    const { resources } = (object as unknown as PersistentVolumeClaim).spec
    return item.type === 'PersistentVolumeClaim' ? limitProblems(item, { requests: resources?.requests ?? {}, limits: {} }) : []
  }
  const { spec } = object as unknown as Pod
  return heldBy(item.type, spec).flatMap((held) => limitProblems(item, held))
}

function heldBy(type: string, spec: Pod['spec']): readonly Held[] {
  switch (type) {
    case 'Container':
      return allContainersOf(spec).map(({ resources }) => ({
        requests: resources?.requests ?? {},
        limits: resources?.limits ?? {},
      }))
    case 'Pod':
      return [{ requests: podAmounts(spec, 'requests'), limits: podAmounts(spec, 'limits') }]
    default:
      return []
  }
}
