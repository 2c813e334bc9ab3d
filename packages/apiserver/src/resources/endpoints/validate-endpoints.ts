import {
  dnsLabelProblems,
  type Endpoints,
  type FieldError,
  type FieldPath,
  invalidEach,
  notSupported,
  path,
  portNumberProblems,
  required,
} from '@skiff/api'
import { ipProblems, specialAddressProblems } from '../addresses.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export function validateEndpoints({ subsets = [] }: Endpoints): FieldError[] {
  return subsets.flatMap((subset, index) => {
    const field = path('subsets').index(index)
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset
    const empty = addresses.length === 0 && notReadyAddresses.length === 0
    const errors = empty ? [required(field, 'must specify `addresses` or `notReadyAddresses`')] : []
    errors.push(...addresses.flatMap(({ ip }, at) => validateEndpointAddress(ip, field.child('addresses').index(at).child('ip'))))
    errors.push(
      ...notReadyAddresses.flatMap(({ ip }, at) =>
        validateEndpointAddress(ip, field.child('notReadyAddresses').index(at).child('ip')),
      ),
    )
    errors.push(...ports.flatMap((port, at) => validatePort(port, ports.length > 1, field.child('ports').index(at))))
    return errors
  })
}

/** Addresses behind a Service: real ones, and none that belongs to every machine by itself. */
export function validateEndpointAddress(ip: string, field: FieldPath): FieldError[] {
  const problems = ipProblems(ip)
  return invalidEach(field, ip, problems.length > 0 ? problems : specialAddressProblems(ip))
}

type Port = NonNullable<NonNullable<Endpoints['subsets']>[number]['ports']>[number]

function validatePort(port: Port, nameRequired: boolean, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (nameRequired && !port.name) errors.push(required(field.child('name')))
  else if (port.name) errors.push(...invalidEach(field.child('name'), port.name, dnsLabelProblems(port.name)))
  errors.push(...invalidEach(field.child('port'), port.port, portNumberProblems(port.port)))
  if (!port.protocol) errors.push(required(field.child('protocol')))
  else if (!PROTOCOLS.includes(port.protocol)) errors.push(notSupported(field.child('protocol'), port.protocol, PROTOCOLS))
  return errors
}
