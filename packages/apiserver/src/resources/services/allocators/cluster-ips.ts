import { ApiError, type FieldError, invalid, invalidObject, path, SERVICES, type Service } from '@skiff/api'
import type { StrategyContext } from '../../../registry/resource-definition.ts'
import { validateService } from '../validate-service.ts'
import { type AddressRange, addressAt, addressRange, isInRange } from './address-range.ts'

const POOL = 'service-addresses'
type Context = Pick<StrategyContext, 'cluster' | 'objects' | 'claims' | 'random'>

/**
 * Gives a service its cluster IP, or takes the one it asks for. Nothing is remembered here: what is taken is read from
 * the stored services and from the claims of writes under way, so that a failed or dry-run write leaves nothing behind.
 */
export function allocateAddress(service: Service, old: Service | undefined, context: Context): void {
  if (service.spec.type === 'ExternalName' || isHeadless(service) || validateService(service).length > 0) return
  const errors = chooseFamilies(service)
  if (errors.length > 0) throw invalidObject(SERVICES, service.metadata.name ?? '', errors)
  // One that is there stays: an update that asks for another one is refused by validation.
  if (old !== undefined && old.spec.type !== 'ExternalName' && old.spec.clusterIP) return
  const asked = service.spec.clusterIP ?? ''
  const range = addressRange(context.cluster.serviceCidr)
  const address = asked === '' ? nextAddress(range, context) : askedAddress(service, asked, range, context)
  service.spec.clusterIP = address
  service.spec.clusterIPs = [address]
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None'
}

/** Single-stack IPv4, whatever a service prefers; what it requires beyond that is an error. */
function chooseFamilies({ spec }: Service): FieldError[] {
  spec.ipFamilyPolicy ??= 'SingleStack'
  const wrong = (spec.ipFamilies ?? []).flatMap((family, index) =>
    family === 'IPv4' ? [] : [invalid(path('spec', 'ipFamilies').index(index), family, 'not configured on this cluster')],
  )
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    wrong.unshift(
      invalid(path('spec', 'ipFamilyPolicy'), spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'),
    )
  }
  if (wrong.length === 0) spec.ipFamilies = ['IPv4']
  return wrong
}

function askedAddress(service: Service, address: string, range: AddressRange, context: Context): string {
  if (!isInRange(range, address)) {
    throw refused(
      service,
      address,
      `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.cidr}`,
    )
  }
  if (takenAddresses(context).has(address) || !context.claims.take(POOL, address)) {
    throw refused(service, address, 'provided IP is already allocated')
  }
  return address
}

/** From a random place on, so that an address is not given again right after its service went. */
function nextAddress(range: AddressRange, context: Context): string {
  const taken = takenAddresses(context)
  const dynamic = range.size - range.dynamicOffset
  const start = Math.floor(context.random() * dynamic)
  for (let step = 0; step < range.size; step++) {
    const offset = step < dynamic ? range.dynamicOffset + ((start + step) % dynamic) : step - dynamic
    const address = addressAt(range, offset)
    if (!taken.has(address) && context.claims.take(POOL, address)) return address
  }
  throw new ApiError('InternalError', 'Internal error occurred: failed to allocate a serviceIP: range is full')
}

function takenAddresses({ objects }: Context): ReadonlySet<string> {
  return new Set(objects.list<Service>(SERVICES).flatMap(({ spec }) => spec.clusterIPs ?? spec.clusterIP ?? []))
}

function refused(service: Service, address: string, why: string): ApiError {
  const field = path('spec', 'clusterIPs')
  return invalidObject(SERVICES, service.metadata.name ?? '', [
    invalid(field, [address], `failed to allocate IP ${address}: ${why}`),
  ])
}
