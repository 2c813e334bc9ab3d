import {
  API_SERVICES,
  type APIService,
  ApiError,
  type ConditionLike,
  ENDPOINT_SLICES,
  isNotFound,
  type KubeObject,
  SERVICES,
  setCondition,
} from '@skiff/api'
import type { Logger } from 'pino'
import { asApiServer } from '../admission/as-api-server.ts'
import type { ApiResource } from '../discovery/api-groups.ts'
import { prefixOf } from '../registry/keys.ts'
import type { Registry } from '../registry/registry.ts'
import { watchChanges } from '../registry/watch-changes.ts'
import type { WatchedList } from '../registry/watched-list.ts'
import { askExtension, type Discovered } from './ask-extension.ts'
import { isAvailable, PASSED, type Verdict } from './available-condition.ts'
import { checkService } from './check-service.ts'
import type { ExtensionClient } from './extension-client.ts'

interface AvailabilityOptions {
  readonly registry: Registry
  readonly services: WatchedList<APIService>
  readonly client: ExtensionClient
  readonly clock: () => Date
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** How often extension servers are asked whether they are there; none are asked when there are none. */
const CHECK_EVERY_MS = 30_000
const CHECK_UNAVAILABLE_EVERY_MS = 2_000
/** Changes that come together are looked at together. */
const COLLECT_MS = 50

/** Watches over extension servers: their condition `Available`, and what they serve. */
export class Availability {
  readonly #options: AvailabilityOptions
  readonly #discovered = new Map<string, Discovered>()
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY
  #checking = false

  constructor(options: AvailabilityOptions) {
    this.#options = options
    const { registry, signal } = options
    const { store } = registry
    for (const info of [API_SERVICES, SERVICES, ENDPOINT_SLICES]) {
      watchChanges({ store, prefix: prefixOf(info), signal, onChange: () => this.#checkAfter(COLLECT_MS) })
    }
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true })
    this.#checkAfter(COLLECT_MS)
  }

  /** Undefined: it doesn't answer. */
  resourcesOf(service: APIService): readonly ApiResource[] | undefined {
    return isAvailable(service) ? this.#discovered.get(service.metadata.uid)?.resources : undefined
  }

  openApiPaths(): Record<string, object> {
    const remote = this.#remote().filter(isAvailable)
    return Object.assign({}, ...remote.map(({ metadata }) => this.#discovered.get(metadata.uid)?.openApiPaths ?? {}))
  }

  #remote(): readonly APIService[] {
    return this.#options.services.get().filter(({ spec }) => spec.service !== undefined)
  }

  #checkAfter(ms: number): void {
    if (this.#options.signal.aborted || this.#remote().length === 0) return
    const dueAt = performance.now() + ms
    if (dueAt >= this.#dueAt) return
    this.#dueAt = dueAt
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#checkAll(), ms)
    this.#timer.unref()
  }

  async #checkAll(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY
    if (this.#checking) return this.#checkAfter(COLLECT_MS)
    this.#checking = true
    const services = this.#remote()
    const uids = new Set(services.map(({ metadata }) => metadata.uid))
    for (const uid of this.#discovered.keys()) if (!uids.has(uid)) this.#discovered.delete(uid)
    const verdicts = await Promise.all(services.map((service) => this.#check(service)))
    this.#checking = false
    this.#checkAfter(verdicts.every(({ available }) => available) ? CHECK_EVERY_MS : CHECK_UNAVAILABLE_EVERY_MS)
  }

  async #check(service: APIService): Promise<Verdict> {
    const { registry, client, logger, signal } = this.#options
    const verdict = checkService(service, registry.objects) ?? (await this.#ask(service, client, signal))
    await this.#write(service, verdict).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ apiService: service.metadata.name, err: error }, 'APIService status was not written')
    })
    return verdict
  }

  async #ask(service: APIService, client: ExtensionClient, signal: AbortSignal): Promise<Verdict> {
    try {
      const ask = () => askExtension(client, service, signal)
      // One late answer of a server that was there cuts nobody off. (Upstream asks five times, and one answer is enough.)
      const discovered = await ask().catch((error: unknown) => {
        if (isAvailable(service)) return ask()
        throw error
      })
      this.#discovered.set(service.metadata.uid, discovered)
      return PASSED
    } catch (error) {
      const { group, version } = service.spec
      const why = error instanceof ApiError || error instanceof Error ? error.message : String(error)
      const message = `failing or missing response from https://${service.spec.service?.name}.${service.spec.service?.namespace}.svc/apis/${group}/${version}: ${why}`
      return { available: false, reason: 'FailedDiscoveryCheck', message }
    }
  }

  async #write({ metadata }: APIService, { available, reason, message }: Verdict): Promise<void> {
    const { registry, clock } = this.#options
    const condition: ConditionLike = { type: 'Available', status: available ? 'True' : 'False', reason, message }
    const apply = (old: KubeObject | undefined): KubeObject => {
      const changed = structuredClone(old) as unknown as APIService
      changed.metadata.resourceVersion = ''
      const conditions = (changed.status?.conditions ?? []) as ConditionLike[]
      changed.status = { ...changed.status, conditions: [...setCondition(conditions, condition, clock())] } as NonNullable<
        APIService['status']
      >
      return changed as unknown as KubeObject
    }
    const change = { subresource: 'status' as const, createIfMissing: false, apply }
    await registry
      .find(API_SERVICES)
      ?.update({ namespace: '', name: metadata.name }, change, asApiServer())
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error
      })
  }
}
