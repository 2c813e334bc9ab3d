import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  type NetworkPolicy,
  notSupported,
  path,
  portNameProblems,
  portNumberProblems,
  required,
} from '@skiff/api'
import ipaddr from 'ipaddr.js'
import { cidrProblems } from '../addresses.ts'
import { validateLabelSelector } from '../validate-selector.ts'

type Spec = NetworkPolicy['spec']
type Port = NonNullable<NonNullable<Spec['ingress']>[number]['ports']>[number]
type Peer = NonNullable<NonNullable<Spec['ingress']>[number]['from']>[number]

const PROTOCOLS = ['TCP', 'UDP', 'SCTP']
const TYPES = ['Ingress', 'Egress']

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  const field = path('spec')
  const { ingress = [], egress = [] } = spec
  return [
    ...validateLabelSelector(spec.podSelector ?? {}, field.child('podSelector')),
    ...ingress.flatMap(({ ports, from }, index) => validateRule(ports, from, field.child('ingress').index(index), 'from')),
    ...egress.flatMap(({ ports, to }, index) => validateRule(ports, to, field.child('egress').index(index), 'to')),
    ...validateTypes(spec.policyTypes ?? [], field.child('policyTypes')),
  ]
}

function validateRule(
  ports: readonly Port[] | undefined,
  peers: readonly Peer[] | undefined,
  field: FieldPath,
  direction: 'from' | 'to',
): FieldError[] {
  return [
    ...(ports ?? []).flatMap((port, index) => validatePort(port, field.child('ports').index(index))),
    ...(peers ?? []).flatMap((peer, index) => validatePeer(peer, field.child(direction).index(index))),
  ]
}

function validatePort({ protocol, port, endPort }: Port, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    errors.push(notSupported(field.child('protocol'), protocol, PROTOCOLS))
  }
  const end = field.child('endPort')
  if (typeof port === 'number') {
    errors.push(...invalidEach(field.child('port'), port, portNumberProblems(port)))
    if (endPort !== undefined && endPort < port) errors.push(invalid(end, endPort, 'must be greater than or equal to `port`'))
    if (endPort !== undefined) errors.push(...invalidEach(end, endPort, portNumberProblems(endPort)))
  } else if (port !== undefined) {
    errors.push(...invalidEach(field.child('port'), port, portNameProblems(port)))
    if (endPort !== undefined) errors.push(forbiddenField(end, 'may not be specified when `port` is non-numeric'))
  } else if (endPort !== undefined) {
    errors.push(forbiddenField(end, 'may not be specified when `port` is not specified'))
  }
  return errors
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: Peer, field: FieldPath): FieldError[] {
  const errors = [
    ...(podSelector ? validateLabelSelector(podSelector, field.child('podSelector')) : []),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, field.child('namespaceSelector')) : []),
    ...(ipBlock ? validateIpBlock(ipBlock, field.child('ipBlock')) : []),
  ]
  const selectors = podSelector !== undefined || namespaceSelector !== undefined
  if (!selectors && ipBlock === undefined) errors.push(required(field, 'must specify a peer'))
  if (selectors && ipBlock !== undefined) errors.push(forbiddenField(field, 'may not specify both ipBlock and another peer'))
  return errors
}

function validateIpBlock({ cidr, except = [] }: NonNullable<Peer['ipBlock']>, field: FieldPath): FieldError[] {
  if (!cidr) return [required(field.child('cidr'))]
  const problems = cidrProblems(cidr)
  if (problems.length > 0) return invalidEach(field.child('cidr'), cidr, problems)
  return except.flatMap((inner, index) => validateExcept(inner, cidr, field.child('except').index(index)))
}

function validateExcept(inner: string, outer: string, field: FieldPath): FieldError[] {
  const problems = cidrProblems(inner)
  if (problems.length > 0) return invalidEach(field, inner, problems)
  return isStrictSubset(inner, outer) ? [] : [invalid(field, inner, 'must be a strict subset of `cidr`')]
}

function isStrictSubset(inner: string, outer: string): boolean {
  const [address, length] = ipaddr.parseCIDR(inner)
  const [base, prefix] = ipaddr.parseCIDR(outer)
  return address.kind() === base.kind() && length > prefix && address.match(base, prefix)
}

function validateTypes(types: readonly string[], field: FieldPath): FieldError[] {
  if (types.length > TYPES.length) return [invalid(field, types, 'may not specify more than two policyTypes')]
  return types.flatMap((type, index) => (TYPES.includes(type) ? [] : [notSupported(field.index(index), type, TYPES)]))
}
