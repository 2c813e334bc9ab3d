import { isIP } from 'node:net'
import {
  dns1035LabelProblems,
  dnsSubdomainProblems,
  type FieldError,
  type FieldPath,
  type Ingress,
  invalid,
  invalidEach,
  notSupported,
  path,
  portNameProblems,
  portNumberProblems,
  required,
  wildcardDnsSubdomainProblems,
} from '@skiff/api'

type Spec = Ingress['spec']
type Rule = NonNullable<Spec['rules']>[number]
type HttpPath = NonNullable<Rule['http']>['paths'][number]
type Backend = HttpPath['backend']

export function validateIngress({ spec, metadata }: Ingress): FieldError[] {
  const field = path('spec')
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec
  const errors: FieldError[] = []
  if (rules.length === 0 && !defaultBackend) {
    errors.push(invalid(field, spec.rules, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (tls.length > 0) errors.push(...validateTls(tls, field.child('tls')))
  if (defaultBackend) errors.push(...validateBackend(defaultBackend, field.child('defaultBackend')))
  errors.push(...rules.flatMap((rule, index) => validateRule(rule, field.child('rules').index(index))))
  if (ingressClassName !== undefined) {
    errors.push(...invalidEach(field.child('ingressClassName'), ingressClassName, dnsSubdomainProblems(ingressClassName)))
  }
  return [...errors, ...validateClassAnnotation(metadata.annotations, ingressClassName)]
}

function validateClassAnnotation(annotations: Readonly<Record<string, string>> | undefined, name: string | undefined) {
  const said = annotations?.['kubernetes.io/ingress.class']
  if (said === undefined || name === undefined || said === name) return []
  const at = path('metadata', 'annotations').child('kubernetes.io/ingress.class')
  return [invalid(at, said, 'must match `ingressClassName` when both are specified')]
}

function validateTls(tls: NonNullable<Spec['tls']>, field: FieldPath): FieldError[] {
  return tls.flatMap(({ hosts = [], secretName }, index) => [
    ...hosts.flatMap((host, at) => validateDomain(host, field.index(index).child('hosts').index(at))),
    ...(secretName ? invalidEach(field.index(index).child('secretName'), secretName, dnsSubdomainProblems(secretName)) : []),
  ])
}

function validateRule({ host, http }: Rule, field: FieldPath): FieldError[] {
  const errors = host ? validateHost(host, field.child('host')) : []
  if (!http) return errors
  const at = field.child('http', 'paths')
  const paths = http.paths ?? []
  if (paths.length === 0) errors.push(required(at))
  return [...errors, ...paths.flatMap((each, index) => validatePath(each, at.index(index)))]
}

function validateHost(host: string, field: FieldPath): FieldError[] {
  const address = isIP(host) !== 0 ? [invalid(field, host, 'must be a DNS name, not an IP address')] : []
  return [...address, ...validateDomain(host, field)]
}

function validateDomain(host: string, field: FieldPath): FieldError[] {
  return invalidEach(field, host, host.includes('*') ? wildcardDnsSubdomainProblems(host) : dnsSubdomainProblems(host))
}

function validatePath(each: HttpPath, field: FieldPath): FieldError[] {
  const at = field.child('pathType')
  const type = each.pathType as string | undefined
  if (!type) return [required(at, 'pathType must be specified')]
  return [...validatePathOfType(each.path ?? '', type, field), ...validateBackend(each.backend, field.child('backend'))]
}

const FORBIDDEN_PARTS = ['//', '/./', '/../', '%2f', '%2F']
const FORBIDDEN_ENDS = ['/..', '/.']

function validatePathOfType(value: string, type: string, field: FieldPath): FieldError[] {
  const at = field.child('path')
  const absolute = value.startsWith('/') ? [] : [invalid(at, value, 'must be an absolute path')]
  switch (type) {
    case 'Exact':
    case 'Prefix': {
      const parts = FORBIDDEN_PARTS.filter((part) => value.includes(part)).map((part) => `must not contain '${part}'`)
      const ends = FORBIDDEN_ENDS.filter((end) => value.endsWith(end)).map((end) => `cannot end with '${end}'`)
      return [...absolute, ...invalidEach(at, value, [...parts, ...ends])]
    }
    case 'ImplementationSpecific':
      return value === '' ? [] : absolute
    default:
      return [notSupported(field.child('pathType'), type, ['Exact', 'ImplementationSpecific', 'Prefix'])]
  }
}

function validateBackend(backend: Backend | undefined, field: FieldPath): FieldError[] {
  const { service, resource } = backend ?? {}
  if (service && resource) return [invalid(field, '', 'cannot set both resource and service backends')]
  if (resource) return validateResource(resource, field.child('resource'))
  if (!service) return [invalid(field, '', 'resource or service backend is required')]
  const name = field.child('service', 'name')
  const errors = service.name ? invalidEach(name, service.name, dns1035LabelProblems(service.name)) : [required(name)]
  return [...errors, ...validatePort(service.port ?? {}, field)]
}

function validateResource(resource: NonNullable<Backend['resource']>, field: FieldPath): FieldError[] {
  return [...(resource.kind ? [] : [required(field.child('kind'))]), ...(resource.name ? [] : [required(field.child('name'))])]
}

function validatePort({ name, number }: { name?: string; number?: number }, field: FieldPath): FieldError[] {
  const at = field.child('service', 'port')
  if (name && number) return [invalid(field, '', 'cannot set both port name & port number')]
  if (name) return invalidEach(at.child('name'), name, portNameProblems(name))
  if (number) return invalidEach(at.child('number'), number, portNumberProblems(number))
  return [required(field, 'port name or number is required')]
}
