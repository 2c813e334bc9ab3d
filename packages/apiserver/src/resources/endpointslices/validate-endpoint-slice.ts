import { isIPv4, isIPv6 } from 'node:net'
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  duplicate,
  type Endpoint,
  type EndpointSlice,
  type FieldError,
  type FieldPath,
  invalid,
  invalidEach,
  labelValueProblems,
  notSupported,
  path,
  portNumberProblems,
  qualifiedNameProblems,
  required,
  tooMany,
} from '@skiff/api'
import { specialAddressProblems } from '../addresses.ts'

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MAX_ENDPOINTS = 1000
const MAX_ADDRESSES = 100
const MAX_PORTS = 20_000

export function validateEndpointSlice(slice: EndpointSlice): FieldError[] {
  const field = path('addressType')
  if (!slice.addressType) return [required(field)]
  const errors = ADDRESS_TYPES.includes(slice.addressType) ? [] : [notSupported(field, slice.addressType, ADDRESS_TYPES)]
  return [...errors, ...validateEndpoints(slice), ...validatePorts(slice)]
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  return slice.addressType === old.addressType ? [] : [invalid('addressType', slice.addressType, 'field is immutable')]
}

function validateEndpoints({ endpoints = [], addressType }: EndpointSlice): FieldError[] {
  const field = path('endpoints')
  if (endpoints.length > MAX_ENDPOINTS) return [tooMany(field, endpoints.length, MAX_ENDPOINTS)]
  return endpoints.flatMap((endpoint, index) => validateEndpoint(endpoint, addressType, field.index(index)))
}

function validateEndpoint(endpoint: Endpoint, type: string, field: FieldPath): FieldError[] {
  const at = field.child('addresses')
  const { addresses = [] } = endpoint
  const errors: FieldError[] = []
  if (addresses.length === 0) errors.push(required(at, 'must contain at least 1 address'))
  else if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(at, addresses.length, MAX_ADDRESSES))
  errors.push(...addresses.flatMap((address, index) => invalidEach(at.index(index), address, addressProblems(address, type))))
  if (endpoint.nodeName)
    errors.push(...invalidEach(field.child('nodeName'), endpoint.nodeName, dnsSubdomainProblems(endpoint.nodeName)))
  for (const [key, value] of Object.entries(endpoint.deprecatedTopology ?? {})) {
    errors.push(...invalidEach(field.child('deprecatedTopology'), key, qualifiedNameProblems(key)))
    errors.push(...invalidEach(field.child('deprecatedTopology').key(key), value, labelValueProblems(value)))
  }
  if (endpoint.hostname)
    errors.push(...invalidEach(field.child('hostname'), endpoint.hostname, dnsLabelProblems(endpoint.hostname)))
  return errors
}

function addressProblems(address: string, type: string): string[] {
  switch (type) {
    case 'IPv4':
      return isIPv4(address) ? specialAddressProblems(address) : ['must be an IPv4 address']
    case 'IPv6':
      return isIPv6(address) ? specialAddressProblems(address) : ['must be an IPv6 address']
    default:
      return dnsSubdomainProblems(address)
  }
}

function validatePorts({ ports = [] }: EndpointSlice): FieldError[] {
  const field = path('ports')
  if (ports.length > MAX_PORTS) return [tooMany(field, ports.length, MAX_PORTS)]
  const names = new Set<string>()
  return ports.flatMap(({ name = '', port, protocol, appProtocol }, index) => {
    const at = field.index(index)
    const errors = name === '' ? [] : invalidEach(at.child('name'), name, dnsLabelProblems(name))
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
    if (port !== undefined) errors.push(...invalidEach(at.child('port'), port, portNumberProblems(port)))
    if (!protocol) errors.push(required(at.child('protocol')))
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(at.child('protocol'), protocol, PROTOCOLS))
    if (appProtocol) errors.push(...invalidEach(at.child('appProtocol'), appProtocol, qualifiedNameProblems(appProtocol)))
    return errors
  })
}
