import { invalid, invalidObject, NAMESPACES, PODS, type Pod, path } from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { LABEL, type Labels, LEVELS, policyOf, policyText, VERSION, violationsOf } from './policy.ts'

const MODES = ['audit', 'enforce', 'warn'] as const
/** Of a namespace with more pods only so many are looked at, as upstream does. */
const MOST_PODS = 3_000

/** Refuses labels that mean nothing, and warns of pods that are there already and beyond a new level. */
export function admitNamespaceLabels(request: AdmissionRequest, objects: ObjectReader): void {
  const { operation, info, subresource, object, old, name } = request
  if (info.group !== '' || info.resource !== 'namespaces') return
  if (object === undefined || subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return
  const labels = object.metadata.labels ?? {}
  const problems = problemsOf(labels)
  const changed = MODES.some((mode) => describes(labels, mode) !== describes(old?.metadata.labels ?? {}, mode))
  if (problems.length > 0 && changed) throw invalidObject(NAMESPACES, name, problems)
  const policy = policyOf(labels, 'enforce')
  const before = policyOf(old?.metadata.labels ?? {}, 'enforce')
  if (operation === 'CREATE' || policy === undefined || policyText(policy) === (before && policyText(before))) return
  const pods = objects.list<Pod>(PODS, name).slice(0, MOST_PODS)
  const reasons = new Map<string, string[]>()
  for (const { metadata, spec } of pods) {
    const violations = violationsOf({ annotations: metadata.annotations ?? {}, spec }, policy)
    const what = violations.map(({ reason }) => reason).join(', ')
    if (what !== '') reasons.set(what, [...(reasons.get(what) ?? []), metadata.name])
  }
  if (reasons.size === 0) return
  request.warn(`existing pods in namespace "${name}" violate the new PodSecurity enforce level "${policyText(policy)}"`)
  for (const [what, names] of reasons) request.warn(`${podsNamed(names)}: ${what}`)
}

function podsNamed([first = '', ...others]: readonly string[]): string {
  if (others.length === 0) return first
  return `${first} (and ${others.length} other pod${others.length === 1 ? '' : 's'})`
}

function describes(labels: Labels, mode: string): string {
  return `${labels[`${LABEL}${mode}`]} ${labels[`${LABEL}${mode}-version`]}`
}

function problemsOf(labels: Labels) {
  const field = (label: string) => path('metadata', 'labels').key(label)
  return MODES.flatMap((mode) => {
    const [level, version] = [labels[`${LABEL}${mode}`], labels[`${LABEL}${mode}-version`]]
    const wrongLevel = level !== undefined && !LEVELS.includes(level)
    const wrongVersion = version !== undefined && !VERSION.test(version)
    return [
      ...(wrongLevel ? [invalid(field(`${LABEL}${mode}`), level, `must be one of ${LEVELS.join(', ')}`)] : []),
      ...(wrongVersion ? [invalid(field(`${LABEL}${mode}-version`), version, 'must be "latest" or "v1.x"')] : []),
    ]
  })
}
