import {
  addAmounts,
  compareQuantities,
  forbidden,
  growth,
  isNotFound,
  type KubeObject,
  type Pod,
  qualifiedResource,
  quotaNamesOf,
  quotaScopesMatch,
  quotaUsage,
  RESOURCE_QUOTAS,
  type ResourceAmounts,
  type ResourceQuota,
  unstatedResources,
} from '@skiff/api'
import type { AdmissionRequest } from '../../http/request-context.ts'
import type { Registry } from '../../registry/registry.ts'
import { asApiServer } from '../as-api-server.ts'
import { nameInMessage } from '../request-facts.ts'
import { UsageMeter } from './usage-meter.ts'
import { usesQuota } from './uses-quota.ts'

interface QuotaAdmissionOptions {
  readonly registry: Registry
  readonly clock: () => Date
}

/**
 * Refuses what a namespace's quotas have no room for (upstream: ResourceQuota). What is used is measured at each
 * decision, writes under way included: `status.used` may lag, a limit never does. `status.used` is brought up to date
 * before the write is answered, so that who looks right after sees it counted.
 */
export class QuotaAdmission {
  readonly #registry: Registry
  readonly #clock: () => Date
  readonly #meter: UsageMeter

  constructor({ registry, clock }: QuotaAdmissionOptions) {
    this.#registry = registry
    this.#clock = clock
    this.#meter = new UsageMeter({ objects: registry.objects, clock })
  }

  /** Undefined when no quota counts the request. */
  admit(request: AdmissionRequest): Promise<void> | undefined {
    const { object, info, namespace } = request
    if (object === undefined || !usesQuota(request)) return undefined
    const quotas = this.#registry.objects.list<ResourceQuota>(RESOURCE_QUOTAS, namespace).filter((quota) => {
      return namesOf(quota, request).length > 0 && quotaScopesMatch(quota, info, object)
    })
    return quotas.length === 0 ? undefined : this.#charge(request, quotas)
  }

  async #charge(request: AdmissionRequest, quotas: readonly ResourceQuota[]): Promise<void> {
    // From here to the mark nothing is awaited: no other write can be judged in between.
    for (const quota of quotas) requireStated(quota, request)
    const counted = quotas.filter((quota) => this.#requireRoom(quota, request))
    if (request.dryRun || counted.length === 0) return
    request.atEnd(this.#meter.mark(request))
    await Promise.all(counted.map((quota) => this.#showUsage(quota, request)))
  }

  /** False when the request uses nothing of the quota. Throws Forbidden. */
  #requireRoom(quota: ResourceQuota, request: AdmissionRequest): boolean {
    const requested = this.#requested(quota, request)
    const hard: ResourceAmounts = quota.spec.hard ?? {}
    const names = namesOf(quota, request).filter((name) => compareQuantities(requested[name] ?? '0', '0') > 0)
    if (names.length === 0) return false
    const used = this.#meter.measure(quota, request.info, names)
    const after = addAmounts(used, requested)
    const exceeded = names.filter((name) => compareQuantities(after[name] ?? '0', hard[name] ?? '0') > 0).sort()
    if (exceeded.length === 0 || request.subresource === 'status') return true
    const list = (amounts: ResourceAmounts) => exceeded.map((name) => `${name}=${amounts[name] ?? '0'}`).join(',')
    const what = `requested: ${list(requested)}, used: ${list(used)}, limited: ${list(hard)}`
    throw refusal(request, `exceeded quota: ${quota.metadata.name}, ${what}`)
  }

  /** An update is charged for what it adds, unless the old object was none of the quota's. */
  #requested(quota: ResourceQuota, { info, object, old }: AdmissionRequest): Readonly<Record<string, string>> {
    const usage = object === undefined ? {} : quotaUsage(info, object, this.#clock())
    const counted = old !== undefined && quotaScopesMatch(quota, info, old)
    return counted ? growth(usage, quotaUsage(info, old, this.#clock())) : usage
  }

  async #showUsage(quota: ResourceQuota, { info }: AdmissionRequest): Promise<void> {
    const { name, namespace = '' } = quota.metadata
    const apply = (old: KubeObject | undefined): KubeObject => {
      const changed = structuredClone(old) as unknown as ResourceQuota
      changed.metadata.resourceVersion = ''
      // Before the controller has seen a quota, it has no status to show anything in.
      if (changed.status?.hard === undefined) return changed as unknown as KubeObject
      const names = quotaNamesOf(info, Object.keys(changed.status.hard))
      changed.status.used = { ...changed.status.used, ...this.#meter.measure(changed, info, names) }
      return changed as unknown as KubeObject
    }
    const change = { subresource: 'status' as const, createIfMissing: false, apply }
    const quotas = this.#registry.find(RESOURCE_QUOTAS)
    await quotas?.update({ namespace, name }, change, asApiServer()).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
  }
}

function namesOf({ spec }: ResourceQuota, { info }: AdmissionRequest): string[] {
  return quotaNamesOf(info, Object.keys(spec.hard ?? {}))
}

function requireStated(quota: ResourceQuota, request: AdmissionRequest): void {
  if (request.info.group !== '' || request.info.resource !== 'pods') return
  const unstated = unstatedResources((request.object as unknown as Pod).spec, namesOf(quota, request))
  if (unstated.size === 0) return
  const missing = [...unstated].map(([name, containers]) => `${name} for: ${containers.join(',')}`)
  throw refusal(request, `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`)
}

function refusal(request: AdmissionRequest, why: string) {
  return forbidden(qualifiedResource(request.info), nameInMessage(request), why)
}
