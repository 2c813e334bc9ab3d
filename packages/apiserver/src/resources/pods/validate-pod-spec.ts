import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  mustBeBetween,
  type PodSpec,
  qualifiedNameProblems,
} from '@skiff/api'
import { repeats } from '../repeats.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateLabels } from '../validate-selector.ts'
import { validateAffinity } from './validate-affinity.ts'
import { validateContainers, validateEphemeralContainers, validateInitContainers } from './validate-containers.ts'
import { validateDnsConfig, validateDnsPolicy, validateHostAliases } from './validate-dns.ts'
import { validatePodResources } from './validate-pod-resources.ts'
import { validateAmounts } from './validate-resources.ts'
import { validatePodSecurityContext } from './validate-security.ts'
import { validateTolerations } from './validate-tolerations.ts'
import { validateTopologySpread } from './validate-topology-spread.ts'
import { validateVolumes } from './validate-volumes.ts'

const MAX_INT32 = 2 ** 31 - 1
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']

/** Everything that pods and pod templates have in common, in upstream's order. */
export function validatePodSpec(spec: PodSpec, field: FieldPath, options: { isPod: boolean } = { isPod: false }): FieldError[] {
  return [
    ...validateVolumes(spec.volumes ?? [], field.child('volumes')),
    ...validateContainers(spec, field.child('containers')),
    ...validateInitContainers(spec, field.child('initContainers')),
    ...validateEphemeralContainers(spec, field.child('ephemeralContainers')),
    ...validatePodResources(spec, field.child('resources')),
    ...validateHostNetworkPorts(spec, field.child('containers'), options.isPod),
    ...validateChoice(spec.restartPolicy, RESTART_POLICIES, field.child('restartPolicy')),
    ...validateDnsPolicy(spec.dnsPolicy, field.child('dnsPolicy')),
    ...validateLabels(spec.nodeSelector, field.child('nodeSelector')),
    ...validatePodSecurityContext(spec, field.child('securityContext')),
    ...validateAffinity(spec.affinity, field.child('affinity')),
    ...validateDnsConfig(spec.dnsConfig, spec.dnsPolicy, field.child('dnsConfig')),
    ...validateGates(spec, field),
    ...validateTopologySpread(spec.topologySpreadConstraints ?? [], field.child('topologySpreadConstraints')),
    ...validateHostUsers(spec, field),
    ...validateNames(spec, field),
    ...validateDeadline(spec.activeDeadlineSeconds, field.child('activeDeadlineSeconds')),
    ...validateHostnames(spec, field),
    ...validateHostnameOverride(spec, field),
    ...validateTolerations(spec.tolerations ?? [], field.child('tolerations')),
    ...validateHostAliases(spec.hostAliases ?? [], field.child('hostAliases')),
    ...validatePriority(spec, field),
    ...validateAmounts(spec.overhead, field.child('overhead')),
  ]
}

/** On the host's network a container port is the host's port; a template may leave the latter open. */
function validateHostNetworkPorts(spec: PodSpec, field: FieldPath, isPod: boolean): FieldError[] {
  if (!spec.hostNetwork) return []
  return (spec.containers ?? []).flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ hostPort = 0, containerPort }, at) => {
      const open = hostPort === 0 && !isPod
      const portField = field.index(index).child('ports').index(at).child('hostPort')
      return open || hostPort === containerPort
        ? []
        : [invalid(portField, hostPort, 'must match `containerPort` when `hostNetwork` is true')]
    }),
  )
}

function validateGates({ readinessGates = [], schedulingGates = [] }: PodSpec, field: FieldPath): FieldError[] {
  const readiness = readinessGates.flatMap(({ conditionType }, index) =>
    invalidEach(
      field.child('readinessGates').index(index).child('conditionType'),
      conditionType,
      qualifiedNameProblems(conditionType),
    ),
  )
  const repeated = repeats(schedulingGates, (gate) => gate.name)
  const scheduling = schedulingGates.flatMap(({ name }, index) => {
    const at = field.child('schedulingGates').index(index)
    return [...invalidEach(at, name, qualifiedNameProblems(name)), ...(repeated.has(index) ? [duplicate(at, name)] : [])]
  })
  return [...readiness, ...scheduling]
}

function validateHostUsers(spec: PodSpec, field: FieldPath): FieldError[] {
  if (spec.hostUsers !== false) return []
  const shared = { hostNetwork: spec.hostNetwork, HostPID: spec.hostPID, HostIPC: spec.hostIPC }
  return Object.entries(shared).flatMap(([name, value]) =>
    value ? [forbiddenField(field.child(name), 'when `pod.Spec.HostUsers` is false')] : [],
  )
}

function validateNames({ serviceAccountName, nodeName }: PodSpec, field: FieldPath): FieldError[] {
  return Object.entries({ serviceAccountName, nodeName }).flatMap(([key, name]) =>
    name ? invalidEach(field.child(key), name, dnsSubdomainProblems(name)) : [],
  )
}

function validateDeadline(seconds: number | undefined, field: FieldPath): FieldError[] {
  if (seconds === undefined || (seconds >= 1 && seconds <= MAX_INT32)) return []
  return [invalid(field, seconds, mustBeBetween(1, MAX_INT32))]
}

function validateHostnames({ hostname, subdomain }: PodSpec, field: FieldPath): FieldError[] {
  return Object.entries({ hostname, subdomain }).flatMap(([key, name]) =>
    name ? invalidEach(field.child(key), name, dnsLabelProblems(name)) : [],
  )
}

/** Linux' own bound for a hostname. */
const LONGEST_HOSTNAME = 64

function validateHostnameOverride(spec: PodSpec, field: FieldPath): FieldError[] {
  const { hostnameOverride: name } = spec
  if (name === undefined) return []
  const at = field.child('hostnameOverride')
  const tooLong = name.length > LONGEST_HOSTNAME ? [invalid(at, name, `must be no more than ${LONGEST_HOSTNAME} characters`)] : []
  return [
    ...(spec.setHostnameAsFQDN
      ? [forbiddenField(field.child('setHostnameAsFQDN'), 'may not be set when `hostnameOverride` is set')]
      : []),
    ...(spec.hostNetwork ? [forbiddenField(at, 'may not be set when `hostNetwork` is true')] : []),
    ...invalidEach(at, name, dnsSubdomainProblems(name)),
    ...tooLong,
  ]
}

function validatePriority(spec: PodSpec, field: FieldPath): FieldError[] {
  const names = Object.entries({ priorityClassName: spec.priorityClassName, runtimeClassName: spec.runtimeClassName })
  const errors = names.flatMap(([key, name]) => (name ? invalidEach(field.child(key), name, dnsSubdomainProblems(name)) : []))
  if (spec.preemptionPolicy !== undefined) {
    errors.push(...validateChoice(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], field.child('preemptionPolicy')))
  }
  return errors
}
