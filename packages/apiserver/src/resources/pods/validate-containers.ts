import {
  type Container,
  dnsLabelProblems,
  duplicate,
  type FieldError,
  type FieldPath,
  fieldNotFound,
  forbiddenField,
  invalidEach,
  type PodSpec,
  required,
} from '@skiff/api'
import { validateChoice } from '../validate-choice.ts'
import { validateEnv, validateEnvFrom } from './validate-env.ts'
import { validateContainerPorts, validateHostPortConflicts } from './validate-ports.ts'
import { validateLifecycle, validateProbes } from './validate-probes.ts'
import { validateContainerResources, validateResizePolicy } from './validate-resources.ts'
import { validateContainerRestart } from './validate-restart.ts'
import { validateContainerSecurityContext } from './validate-security.ts'
import { validateVolumeDevices, validateVolumeMounts } from './validate-volume-mounts.ts'

const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const NOT_FOR_EPHEMERAL = 'cannot be set for an Ephemeral Container'
const NOT_FOR_INIT = 'may not be set for init containers without restartPolicy=Always'

export function validateContainers(spec: PodSpec, field: FieldPath): FieldError[] {
  const containers = spec.containers ?? []
  if (containers.length === 0) return [required(field)]
  const names = new Set<string>()
  const errors = containers.flatMap((container, index) => {
    const at = field.index(index)
    return [
      ...validateContainer(container, spec, at),
      ...claimName(container.name, names, at),
      ...validateLifecycle(container.lifecycle, spec.terminationGracePeriodSeconds, at.child('lifecycle')),
      ...validateProbes(container, at),
      ...validateContainerRestart(container, at),
    ]
  })
  return [...errors, ...validateHostPortConflicts(containers, field)]
}

export function validateInitContainers(spec: PodSpec, field: FieldPath): FieldError[] {
  const names = new Set((spec.containers ?? []).map(({ name }) => name))
  return (spec.initContainers ?? []).flatMap((container, index) => {
    const at = field.index(index)
    return [
      ...validateContainer(container, spec, at),
      ...validateContainerRestart(container, at),
      ...claimName(container.name, names, at),
      ...validateHostPortConflicts([container], field),
      ...(container.restartPolicy === 'Always' ? validateSidecar(container, spec, at) : validatePlainInit(container, at)),
    ]
  })
}

function validateSidecar(container: Container, spec: PodSpec, at: FieldPath): FieldError[] {
  return [
    ...validateLifecycle(container.lifecycle, spec.terminationGracePeriodSeconds, at.child('lifecycle')),
    ...validateProbes(container, at),
  ]
}

/** Nothing waits for the readiness of what runs to its end. */
function validatePlainInit(container: Container, at: FieldPath): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container
  return Object.entries({ lifecycle, livenessProbe, readinessProbe, startupProbe }).flatMap(([name, value]) =>
    value ? [forbiddenField(at.child(name), NOT_FOR_INIT)] : [],
  )
}

export function validateEphemeralContainers(spec: PodSpec, field: FieldPath): FieldError[] {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name))
  const names = new Set(others)
  return (spec.ephemeralContainers ?? []).flatMap((container, index) => {
    const at = field.index(index)
    const errors = [...validateContainer(container, spec, at), ...claimName(container.name, names, at)]
    const target = container.targetContainerName
    if (target && !others.has(target)) errors.push(fieldNotFound(at.child('targetContainerName'), target))
    return [...errors, ...validateEphemeralFields(container, at)]
  })
}

function validateEphemeralFields(container: Container, at: FieldPath): FieldError[] {
  const { ports, livenessProbe, readinessProbe, startupProbe, lifecycle, resizePolicy, resources } = container
  const { restartPolicy, restartPolicyRules } = container
  const probes = { livenessProbe, readinessProbe, startupProbe }
  const unusable = { ports, ...probes, lifecycle, resizePolicy, restartPolicy, restartPolicyRules }
  const errors = Object.entries(unusable).flatMap(([name, value]) =>
    value ? [forbiddenField(at.child(name), NOT_FOR_EPHEMERAL)] : [],
  )
  if (resources?.limits || resources?.requests) errors.push(forbiddenField(at.child('resources'), NOT_FOR_EPHEMERAL))
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const mountField = at.child('volumeMounts').index(index)
    if (mount.subPath) errors.push(forbiddenField(mountField.child('subPath'), NOT_FOR_EPHEMERAL))
    if (mount.subPathExpr) errors.push(forbiddenField(mountField.child('subPathExpr'), NOT_FOR_EPHEMERAL))
  }
  return errors
}

/** What holds for every container, whatever its part in the pod. */
function validateContainer(container: Container, spec: PodSpec, at: FieldPath): FieldError[] {
  const volumes = spec.volumes ?? []
  return [
    ...validateName(container.name, at.child('name')),
    ...(container.image ? [] : [required(at.child('image'))]),
    ...validateChoice(container.terminationMessagePolicy, MESSAGE_POLICIES, at.child('terminationMessagePolicy')),
    ...validateContainerPorts(container.ports ?? [], at.child('ports')),
    ...validateEnv(container.env ?? [], volumes, at.child('env')),
    ...validateEnvFrom(container.envFrom ?? [], at.child('envFrom')),
    ...validateVolumeMounts(container, volumes, at.child('volumeMounts')),
    ...validateVolumeDevices(container, volumes, at.child('volumeDevices')),
    ...validateChoice(container.imagePullPolicy, PULL_POLICIES, at.child('imagePullPolicy')),
    ...validateContainerResources(container.resources, at.child('resources')),
    ...validateResizePolicy(container.resizePolicy ?? [], spec.restartPolicy, at.child('resizePolicy')),
    ...validateContainerSecurityContext(container.securityContext, at.child('securityContext')),
  ]
}

function validateName(name: string | undefined, field: FieldPath): FieldError[] {
  return name ? invalidEach(field, name, dnsLabelProblems(name)) : [required(field)]
}

function claimName(name: string, names: Set<string>, at: FieldPath): FieldError[] {
  if (!name) return []
  if (names.has(name)) return [duplicate(at.child('name'), name)]
  names.add(name)
  return []
}
