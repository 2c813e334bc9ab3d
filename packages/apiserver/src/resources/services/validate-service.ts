import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  notSupported,
  path,
  portNumberProblems,
  qualifiedNameProblems,
  required,
  type Service,
  type ServicePort,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { cidrProblems, ipProblems, specialAddressProblems } from '../addresses.ts'
import { validatePortNumberOrName } from '../pods/validate-ports.ts'
import { repeats } from '../repeats.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateLabels } from '../validate-selector.ts'
import { isExternallyAccessible } from './default-service.ts'

type Spec = Service['spec']

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const AFFINITIES = ['ClientIP', 'None']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const POLICIES = ['Cluster', 'Local']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const MAX_AFFINITY_SECONDS = 86_400

/** In upstream's order. What the server allocates later may still be missing. */
export function validateService({ spec }: Service): FieldError[] {
  const field = path('spec')
  return [
    ...validatePresence(spec, field),
    ...validatePorts(spec, field.child('ports')),
    ...validateLabels(spec.selector, field.child('selector')),
    ...validateAffinity(spec, field),
    ...validateClusterIps(spec, field),
    ...validateExternalIps(spec.externalIPs ?? [], field.child('externalIPs')),
    ...validateChoice(spec.type, TYPES, field.child('type')),
    ...validateNoNodePorts(spec, field.child('ports')),
    ...validateRepeatedPorts(spec.ports ?? [], field.child('ports')),
    ...validateLoadBalancer(spec, field),
    ...validateTrafficPolicies(spec, field),
  ]
}

function validatePresence(spec: Spec, field: FieldPath): FieldError[] {
  const headless = spec.clusterIP === 'None'
  const errors: FieldError[] = []
  if ((spec.ports ?? []).length === 0 && !headless && spec.type !== 'ExternalName') errors.push(required(field.child('ports')))
  if (headless && (spec.type === 'LoadBalancer' || spec.type === 'NodePort')) {
    errors.push(invalid(field.child('clusterIPs').index(0), 'None', `may not be set to 'None' for ${spec.type} services`))
  }
  return spec.type === 'ExternalName' ? [...errors, ...validateExternalName(spec, field)] : errors
}

function validateExternalName(spec: Spec, field: FieldPath): FieldError[] {
  const { clusterIPs, ipFamilies, ipFamilyPolicy } = spec
  const errors = Object.entries({ clusterIPs, ipFamilies, ipFamilyPolicy }).flatMap(([name, value]) =>
    value === undefined || value.length === 0
      ? []
      : [forbiddenField(field.child(name), 'may not be set for ExternalName services')],
  )
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  const at = field.child('externalName')
  return [...errors, ...(name === '' ? [required(at)] : invalidEach(at, name, dnsSubdomainProblems(name)))]
}

function validatePorts({ ports = [] }: Spec, field: FieldPath): FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, index) => {
    const at = field.index(index)
    return [
      ...validatePortName(port, names, { required: ports.length > 1, field: at.child('name') }),
      ...invalidEach(at.child('port'), port.port, portNumberProblems(port.port)),
      ...validateChoice(port.protocol, PROTOCOLS, at.child('protocol')),
      ...validateTargetPort(port, at.child('targetPort')),
      ...(port.appProtocol === undefined
        ? []
        : invalidEach(at.child('appProtocol'), port.appProtocol, qualifiedNameProblems(port.appProtocol))),
    ]
  })
}

function validatePortName(
  { name }: ServicePort,
  names: Set<string>,
  rule: { required: boolean; field: FieldPath },
): FieldError[] {
  if (!name) return rule.required ? [required(rule.field)] : []
  const errors = invalidEach(rule.field, name, dnsLabelProblems(name))
  if (names.has(name)) errors.push(duplicate(rule.field, name))
  names.add(name)
  return errors
}

/** The default copies `port`: one wrong number is one problem. */
function validateTargetPort({ port, targetPort = port }: ServicePort, field: FieldPath): FieldError[] {
  return validatePortNumberOrName(targetPort, field)
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig }: Spec, field: FieldPath): FieldError[] {
  const errors = validateChoice(sessionAffinity, AFFINITIES, field.child('sessionAffinity'))
  if (sessionAffinity !== 'ClientIP') return errors
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 0
  if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return errors
  const at = field.child('sessionAffinityConfig', 'clientIP', 'timeoutSeconds')
  return [...errors, invalid(at, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`)]
}

function validateClusterIps({ clusterIP = '', clusterIPs = [], type }: Spec, field: FieldPath): FieldError[] {
  if (type === 'ExternalName') return []
  const list = field.child('clusterIPs')
  const given = clusterIPs.length > 0 ? clusterIPs : clusterIP === '' ? [] : [clusterIP]
  const errors: FieldError[] = []
  if (clusterIPs.length > 0 && clusterIP !== clusterIPs[0]) {
    errors.push(invalid(list.index(0), clusterIPs, 'first value must match `clusterIP`'))
  }
  if (given.length > 2) errors.push(invalid(list, given, 'may only hold up to 2 values'))
  given.forEach((address, index) => {
    if (address === 'None') {
      if (index > 0 || given.length > 1)
        errors.push(invalid(list.index(index), address, "'None' must be the first and only value"))
      return
    }
    errors.push(...invalidEach(list.index(index), address, ipProblems(address)))
  })
  return errors
}

function validateExternalIps(addresses: readonly string[], field: FieldPath): FieldError[] {
  return addresses.flatMap((address, index) => {
    const problems = ipProblems(address)
    return invalidEach(field.index(index), address, problems.length > 0 ? problems : specialAddressProblems(address))
  })
}

function validateNoNodePorts({ type, ports = [] }: Spec, field: FieldPath): FieldError[] {
  if (type !== 'ClusterIP') return []
  return ports.flatMap(({ nodePort }, index) =>
    nodePort ? [forbiddenField(field.index(index).child('nodePort'), "may not be used when `type` is 'ClusterIP'")] : [],
  )
}

function validateRepeatedPorts(ports: readonly ServicePort[], field: FieldPath): FieldError[] {
  const repeatedNodePorts = repeats(ports, ({ nodePort, protocol }) => `${nodePort}/${protocol}`)
  const repeatedNumbers = repeats(ports, ({ port, protocol }) => `${port}/${protocol}`)
  const nodePorts = ports.flatMap(({ nodePort }, index) =>
    nodePort && repeatedNodePorts.has(index) ? [duplicate(field.index(index).child('nodePort'), nodePort)] : [],
  )
  const numbers = ports.flatMap(({ port, protocol }, index) =>
    repeatedNumbers.has(index) ? [duplicate(field.index(index), { protocol, port })] : [],
  )
  return [...nodePorts, ...numbers]
}

function validateLoadBalancer(spec: Spec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const balanced = spec.type === 'LoadBalancer'
  const only = "may only be used when `type` is 'LoadBalancer'"
  const ranges = spec.loadBalancerSourceRanges ?? []
  const rangesField = field.child('LoadBalancerSourceRanges')
  if (ranges.length > 0 && !balanced) errors.push(forbiddenField(rangesField, only))
  errors.push(
    ...ranges.flatMap((range, index) => invalidEach(rangesField.index(index), range.trim(), cidrProblems(range.trim()))),
  )
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced) {
    errors.push(forbiddenField(field.child('allocateLoadBalancerNodePorts'), only))
  }
  if (spec.loadBalancerClass !== undefined) {
    const at = field.child('loadBalancerClass')
    errors.push(
      ...(balanced
        ? invalidEach(at, spec.loadBalancerClass, qualifiedNameProblems(spec.loadBalancerClass))
        : [forbiddenField(at, only)]),
    )
  }
  return errors
}

function validateTrafficPolicies(spec: Spec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const external = field.child('externalTrafficPolicy')
  if (isExternallyAccessible(spec)) errors.push(...validateChoice(spec.externalTrafficPolicy, POLICIES, external))
  else if (spec.externalTrafficPolicy) {
    errors.push(invalid(external, spec.externalTrafficPolicy, 'may only be set for externally-accessible services'))
  }
  const needsHealthCheck = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
  if (spec.healthCheckNodePort && !needsHealthCheck) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    errors.push(invalid(field.child('healthCheckNodePort'), spec.healthCheckNodePort, detail))
  }
  if (spec.internalTrafficPolicy !== undefined) {
    errors.push(...validateChoice(spec.internalTrafficPolicy, POLICIES, field.child('internalTrafficPolicy')))
  }
  const { trafficDistribution } = spec
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution)) {
    errors.push(notSupported(field.child('trafficDistribution'), trafficDistribution, DISTRIBUTIONS))
  }
  return errors
}

/** An address stays for the life of a service, unless its type gives it up. */
export function validateServiceUpdate({ spec }: Service, { spec: old }: Service): FieldError[] {
  const errors: FieldError[] = []
  const both = spec.type !== 'ExternalName' && old.type !== 'ExternalName'
  const before = old.clusterIPs?.[0] ?? old.clusterIP ?? ''
  const now = spec.clusterIPs?.[0] ?? spec.clusterIP ?? ''
  if (both && before !== '' && now !== before) {
    errors.push(invalid(path('spec', 'clusterIPs').index(0), spec.clusterIPs ?? [now], 'may not change once set'))
  }
  if (both && old.ipFamilies?.[0] !== undefined && !jsonEquals(spec.ipFamilies?.[0], old.ipFamilies[0])) {
    errors.push(invalid(path('spec', 'ipFamilies').index(0), spec.ipFamilies ?? [], 'may not change once set'))
  }
  const health = old.healthCheckNodePort
  if (health && spec.healthCheckNodePort && spec.healthCheckNodePort !== health) {
    errors.push(forbiddenField(path('spec', 'healthCheckNodePort'), 'field is immutable'))
  }
  if (old.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && old.loadBalancerClass !== spec.loadBalancerClass) {
    errors.push(invalid(path('spec', 'loadBalancerClass'), spec.loadBalancerClass, 'may not change once set'))
  }
  return errors
}
