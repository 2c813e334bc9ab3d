import {
  type Container,
  type ContainerStatus,
  compareQuantities,
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  isSidecar,
  type Pod,
  type PodSpec,
  path,
  podQosClass,
  qualifiedNameProblems,
  restartsOnExit,
  type Toleration,
} from '@skiff/api'
import { cloneJson, jsonEquals } from '../../patch/json-value.ts'
import { ipProblems } from '../addresses.ts'

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

/** A pod is what it is: images, deadline, tolerations and gates are all that may change. */
export function validatePodUpdate({ spec }: Pod, { spec: old }: Pod): FieldError[] {
  const field = path('spec')
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list] ?? []).length !== (old[list] ?? []).length) {
      return [forbiddenField(field.child(list), 'pod updates may not add or remove containers')]
    }
  }
  const errors = [
    ...validateDeadlineUpdate(spec, old, field.child('activeDeadlineSeconds')),
    ...validateAddedTolerations(spec.tolerations ?? [], old.tolerations ?? [], field.child('tolerations')),
    ...validateRemovedGates(spec, old, field.child('schedulingGates')),
  ]
  const changed = changedFields(withUpdatableOf(spec, old), old)
  if (changed.length > 0) {
    const detail = `pod updates may not change fields other than ${UPDATABLE}\nchanged: ${changed.join(', ')}\n`
    errors.push(forbiddenField(field, detail))
  }
  return errors
}

function validateDeadlineUpdate(spec: PodSpec, old: PodSpec, field: FieldPath): FieldError[] {
  const { activeDeadlineSeconds: after } = spec
  const { activeDeadlineSeconds: before } = old
  if (before === undefined) return []
  if (after === undefined) return [invalid(field, null, 'must not update from a positive integer to nil value')]
  return after > before ? [invalid(field, after, 'must be less than or equal to previous value')] : []
}

function validateAddedTolerations(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
  field: FieldPath,
): FieldError[] {
  const withoutSeconds = ({ tolerationSeconds: _, ...rest }: Toleration) => rest
  const kept = old.every((each) => tolerations.some((other) => jsonEquals(withoutSeconds(each), withoutSeconds(other))))
  return kept ? [] : [forbiddenField(field, 'existing toleration can not be modified except its tolerationSeconds')]
}

function validateRemovedGates(spec: PodSpec, old: PodSpec, field: FieldPath): FieldError[] {
  const known = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  return (spec.schedulingGates ?? []).flatMap(({ name }, index) => {
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`
    return known.has(name) ? [] : [forbiddenField(field.index(index).child('name'), detail)]
  })
}

/** The new spec, but with the old one's values wherever an update is fine. */
function withUpdatableOf(spec: PodSpec, old: PodSpec): PodSpec {
  const munged = cloneJson(spec)
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (munged[list] ?? []).entries()) assign(container, 'image', old[list]?.[index]?.image)
  }
  assign(munged, 'activeDeadlineSeconds', old.activeDeadlineSeconds)
  assign(munged, 'tolerations', old.tolerations)
  assign(munged, 'schedulingGates', old.schedulingGates)
  // Set by the server, never by an update: `prepareForUpdate` has not seen them yet.
  const gated = (old.schedulingGates ?? []).length > 0
  if (gated && onlyAdds(munged.nodeSelector, old.nodeSelector)) assign(munged, 'nodeSelector', old.nodeSelector)
  const graceMended = (old.terminationGracePeriodSeconds ?? 0) < 0 && munged.terminationGracePeriodSeconds === 1
  if (graceMended) assign(munged, 'terminationGracePeriodSeconds', old.terminationGracePeriodSeconds)
  return munged
}

function onlyAdds(after: Record<string, string> | undefined, before: Record<string, string> | undefined): boolean {
  return Object.entries(before ?? {}).every(([key, value]) => after?.[key] === value)
}

function assign<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined) delete target[key]
  else target[key] = value
}

/** Fields by name, down to the container's: enough to see what an update tried. */
function changedFields(spec: PodSpec, old: PodSpec): string[] {
  const names = [...new Set([...Object.keys(spec), ...Object.keys(old)])] as (keyof PodSpec)[]
  return names.flatMap((name) => {
    if (jsonEquals(normal(spec[name]), normal(old[name]))) return []
    if (name !== 'containers' && name !== 'initContainers') return [`spec.${name}`]
    return (spec[name] ?? []).flatMap((container, index) =>
      changedInContainer(container, old[name]?.[index], `spec.${name}[${index}]`),
    )
  })
}

function changedInContainer(container: Container, old: Container | undefined, at: string): string[] {
  const names = [...new Set([...Object.keys(container), ...Object.keys(old ?? {})])] as (keyof Container)[]
  return names.filter((name) => !jsonEquals(normal(container[name]), normal(old?.[name]))).map((name) => `${at}.${name}`)
}

/** Absent, empty and zero are one thing to upstream's comparison. */
function normal(value: unknown): unknown {
  if (value === '' || value === false || value === 0) return undefined
  return Array.isArray(value) && value.length === 0 ? undefined : value
}

export function validateEphemeralContainersUpdate({ spec }: Pod, { spec: old }: Pod): FieldError[] {
  const field = path('spec', 'ephemeralContainers')
  const byName = new Map((spec.ephemeralContainers ?? []).map((container) => [container.name, container]))
  return (old.ephemeralContainers ?? []).flatMap((container) => {
    const now = byName.get(container.name)
    if (!now) return [forbiddenField(field, `existing ephemeral containers "${container.name}" may not be removed\n`)]
    return jsonEquals(now, container)
      ? []
      : [forbiddenField(field, `existing ephemeral containers "${container.name}" may not be changed\n`)]
  })
}

/** `/resize`: cpu and memory of a pod, and of containers that keep running, within the same class of service. */
export function validateResize(pod: Pod, old: Pod): FieldError[] {
  const field = path('spec')
  const others = validateSameContainers(pod.spec, old.spec, field)
  if (others.length > 0) return others
  const errors: FieldError[] = []
  if (podQosClass(pod.spec) !== podQosClass(old.spec)) {
    errors.push(invalid(field, podQosClass(pod.spec), 'Pod QOS Class may not change as a result of resizing'))
  }
  const munged = cloneJson(pod.spec)
  errors.push(...validatePodLevelResize(pod.spec, old.spec, field))
  assign(munged, 'resources', old.spec.resources)
  for (const list of ['containers', 'initContainers'] as const) {
    munged[list]?.forEach((container, index) => {
      const before = old.spec[list]?.[index]
      if (!before || (list === 'initContainers' && !isSidecar(before))) return
      errors.push(...validateContainerResize(container, before, field.child(list).index(index).child('resources')))
      assign(container, 'resources', before.resources)
      assign(container, 'resizePolicy', before.resizePolicy)
    })
  }
  if (changedFields(munged, old.spec).length > 0) errors.push(forbiddenField(field, 'only cpu and memory resources are mutable'))
  return errors
}

function validateSameContainers(spec: PodSpec, old: PodSpec, field: FieldPath): FieldError[] {
  return (['containers', 'initContainers'] as const).flatMap((list) => {
    const [now, before] = [spec[list] ?? [], old[list] ?? []]
    const at = field.child(list)
    if (now.length !== before.length) return [forbiddenField(at, 'containers may not be added or removed on resize')]
    return now.flatMap(({ name }, index) =>
      name === before[index]?.name
        ? []
        : [forbiddenField(at.index(index).child('name'), 'containers may not be renamed or reordered on resize')],
    )
  })
}

/** Those of the pod itself (KEP-5419); it may come to have some. */
function validatePodLevelResize(spec: PodSpec, old: PodSpec, field: FieldPath): FieldError[] {
  const at = field.child('resources')
  if (old.resources && !spec.resources) return [forbiddenField(at, 'pod-level resources cannot be removed')]
  const words = { what: 'pod-level resource', mutable: 'only cpu and memory resources are mutable at pod-level' }
  return validateChangedResources(spec.resources, old.resources, at, words)
}

function validateContainerResize(container: Container, old: Container, field: FieldPath): FieldError[] {
  const words = { what: 'resource', mutable: 'only cpu and memory resources are mutable' }
  return validateChangedResources(container.resources, old.resources, field, words)
}

function validateChangedResources(
  resources: Container['resources'],
  old: Container['resources'],
  field: FieldPath,
  words: { readonly what: string; readonly mutable: string },
): FieldError[] {
  const errors: FieldError[] = []
  const { limits = {}, requests = {} } = resources ?? {}
  const before = { limits: old?.limits ?? {}, requests: old?.requests ?? {} }
  const removed = (after: object, list: object) => Object.keys(list).some((name) => !Object.hasOwn(after, name))
  if (removed(requests, before.requests))
    errors.push(forbiddenField(field.child('requests'), `${words.what} requests cannot be removed`))
  if (removed(limits, before.limits)) errors.push(forbiddenField(field.child('limits'), `${words.what} limits cannot be removed`))
  for (const [after, list] of [
    [limits, before.limits],
    [requests, before.requests],
  ] as const) {
    const others = Object.keys(after).filter((name) => name !== 'cpu' && name !== 'memory')
    if (others.some((name) => list[name] === undefined || compareQuantities(after[name] ?? 0, list[name] ?? 0) !== 0)) {
      errors.push(forbiddenField('spec', words.mutable))
    }
  }
  return errors
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const field = path('status')
  const status = pod.status ?? {}
  const before = old.status ?? {}
  const errors: FieldError[] = []
  for (const [index, { type }] of (status.conditions ?? []).entries()) {
    errors.push(...invalidEach(path('metadata', 'conditions').index(index).child('Type'), type, qualifiedNameProblems(type)))
  }
  const nominated = status.nominatedNodeName
  if (nominated) errors.push(...invalidEach(field.child('nominatedNodeName'), nominated, dnsSubdomainProblems(nominated)))
  if ((status.qosClass ?? before.qosClass) !== before.qosClass) {
    errors.push(invalid(field.child('qosClass'), status.qosClass, 'field is immutable'))
  }
  errors.push(
    ...validateTransitions(status.containerStatuses, before.containerStatuses, old.spec, field.child('containerStatuses')),
  )
  const plainInit = (before.initContainerStatuses ?? []).filter(({ name }) => !isSidecarNamed(old.spec, name))
  errors.push(...validateTransitions(status.initContainerStatuses, plainInit, old.spec, field.child('initContainerStatuses')))
  for (const [index, { ip }] of (status.podIPs ?? []).entries()) {
    errors.push(...invalidEach(field.child('podIPs').index(index), ip, ipProblems(ip)))
  }
  return errors
}

function isSidecarNamed(spec: PodSpec, name: string): boolean {
  return (spec.initContainers ?? []).some((container) => container.name === name && isSidecar(container))
}

/** What has ended for good does not run again, unless all of the pod may be started again. */
function validateTransitions(
  after: readonly ContainerStatus[] | undefined,
  before: readonly ContainerStatus[] | undefined,
  spec: PodSpec,
  field: FieldPath,
): FieldError[] {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  if ((spec.restartPolicy ?? 'Always') === 'Always' || containers.some(mayRestartAll)) return []
  return (before ?? []).flatMap(({ name, state }, index) => {
    const ended = state?.terminated
    const container = containers.find((one) => one.name === name)
    if (!ended || (container !== undefined && restartsOnExit(container, spec, ended.exitCode))) return []
    const revived = (after ?? []).some((status) => status.name === name && !status.state?.terminated)
    return revived ? [forbiddenField(field.index(index).child('state'), 'may not be transitioned to non-terminated state')] : []
  })
}

/** KEP-5532 */
function mayRestartAll({ restartPolicyRules }: Container): boolean {
  return restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers') ?? false
}
