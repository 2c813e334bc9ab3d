/** API priority and fairness (KEP-1040): who is served now, who waits, and who is told to come back later. */

import {
  ApiError,
  FLOW_SCHEMAS,
  type FlowSchema,
  PRIORITY_LEVEL_CONFIGURATIONS,
  type PriorityLevelConfiguration,
} from '@skiff/api'
import type { Store } from '@skiff/store'
import type { AccessAttributes, UserInfo } from '../http/request-context.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { flowOf, inOrder, schemaMatches } from './classify.ts'
import { defaultFlowSchemas, defaultPriorityLevels } from './default-config.ts'
import { FairLevel, type LevelLimits, type Waiter } from './fair-level.ts'
import { Turns } from './turns.ts'

const CONFIG_PREFIX = '/registry/flowcontrol.apiserver.k8s.io/'
/** Served at a time by all levels together: upstream's limits for reads and for writes. */
const TOTAL_SEATS = 600
/** A quarter of the time that a request may take. */
const LONGEST_WAIT_MS = 15_000
export const RETRY_AFTER_SECONDS = 1

export interface Seat {
  /** `X-Kubernetes-PF-*`: which schema and level the request fell under. */
  readonly headers: Readonly<Record<string, string>>
  /** More than once does no harm. */
  release(): void
}

export interface FlowControlOptions {
  readonly objects: ObjectReader
  readonly store: Store
  /** Monotonic milliseconds. */
  readonly clock: () => number
  readonly nextTurn: (callback: () => void) => void
  readonly signal: AbortSignal
}

interface Configuration {
  readonly schemas: readonly FlowSchema[]
  readonly levels: ReadonlyMap<string, PriorityLevelConfiguration>
}

export class FlowControl {
  readonly #options: FlowControlOptions
  readonly #levels = new Map<string, FairLevel>()
  readonly #turns: Turns
  #configuration: Configuration | undefined
  /** Where the round over the levels goes on. */
  #round = 0

  constructor(options: FlowControlOptions) {
    this.#options = options
    const { clock, nextTurn } = options
    this.#turns = new Turns({ clock, nextTurn, seatNext: () => this.#seatNext() })
    this.#watch()
  }

  /** Resolves when the request may begin, and not before all that has arrived with it is read. Throws TooManyRequests. */
  admit(user: UserInfo, attributes: AccessAttributes): Promise<Seat> {
    const { schemas, levels } = this.#current()
    // Who is in no group at all still falls under the last one.
    const schema = schemas.find((each) => schemaMatches(each, user, attributes)) ?? schemas.findLast(isMandatory)
    const level = levels.get(schema?.spec.priorityLevelConfiguration.name ?? '')
    if (schema === undefined || level === undefined) throw tooManyRequests()
    const headers = headersOf(schema, level)
    if (level.spec.type === 'Exempt') return this.#turns.together().then(() => ({ headers, release: () => undefined }))
    const name = `${schema.metadata.name} ${flowOf(schema, user, attributes)}`
    return this.#seat(this.#levelOf(level), name).then((release) => ({ headers, release }))
  }

  /** Exempt ones have no limit, and are told with 0, as upstream does. */
  levels(): { readonly name: string; readonly seats: number }[] {
    const { levels } = this.#current()
    const shares = totalShares(levels)
    return [...levels.values()].map(({ metadata, spec }) => ({ name: metadata.name, seats: limitsOf(spec, shares).seats }))
  }

  async #seat(level: FairLevel, name: string): Promise<() => void> {
    await this.#turns.oneByOne()
    if (level.waiting === 0 && level.hasFreeSeat && this.#turns.hasTime()) level.sit(name)
    else await this.#wait(level, name)
    const began = this.#options.clock()
    let seated = true
    return () => {
      if (!seated) return
      seated = false
      level.rise(name, this.#options.clock() - began)
      if (level.waiting > 0) this.#turns.drain()
    }
  }

  async #wait(level: FairLevel, name: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter: Waiter = { seated: resolve }
    if (!level.wait(name, waiter)) throw tooManyRequests()
    const late = setTimeout(() => {
      if (level.leave(name, waiter)) reject(tooManyRequests())
    }, LONGEST_WAIT_MS).unref()
    this.#turns.drain()
    try {
      await promise
    } finally {
      clearTimeout(late)
    }
  }

  /** One of each level in turn, so that none waits for another. */
  #seatNext(): boolean {
    const levels = [...this.#levels.values()]
    for (let step = 1; step <= levels.length; step += 1) {
      const next = (this.#round + step) % levels.length
      if (levels[next]?.seatNext() !== true) continue
      this.#round = next
      return true
    }
    return false
  }

  #levelOf({ metadata: { name }, spec }: PriorityLevelConfiguration): FairLevel {
    const known = this.#levels.get(name)
    if (known !== undefined) return known
    const level = new FairLevel(limitsOf(spec, totalShares(this.#current().levels)))
    this.#levels.set(name, level)
    return level
  }

  #current(): Configuration {
    this.#configuration ??= this.#read()
    return this.#configuration
  }

  /** Without objects, or with some deleted, the two that must be there still hold. */
  #read(): Configuration {
    const { objects } = this.#options
    const found = objects.list<PriorityLevelConfiguration>(PRIORITY_LEVEL_CONFIGURATIONS)
    const levels = new Map(withMandatory(found, MANDATORY_LEVELS).map((level) => [level.metadata.name, level]))
    const schemas = withMandatory(objects.list<FlowSchema>(FLOW_SCHEMAS), MANDATORY_SCHEMAS).filter(({ spec }) =>
      levels.has(spec.priorityLevelConfiguration.name),
    )
    for (const [name, level] of this.#levels) {
      const spec = levels.get(name)?.spec
      if (spec !== undefined) level.limits = limitsOf(spec, totalShares(levels))
      else if (level.running + level.waiting === 0) this.#levels.delete(name)
    }
    return { levels, schemas: inOrder(schemas) }
  }

  #watch(): void {
    const { store, signal } = this.#options
    const changed = () => {
      this.#configuration = undefined
    }
    store.watch({
      prefix: CONFIG_PREFIX,
      afterRevision: store.revision(),
      signal,
      onEvents: changed,
      onClose: () => {
        changed()
        if (!signal.aborted) this.#watch()
      },
    })
  }
}

const MANDATORY = new Set(['exempt', 'catch-all'])
const isMandatory = ({ metadata }: { readonly metadata?: { readonly name?: string } }) => MANDATORY.has(metadata?.name ?? '')
const MANDATORY_LEVELS = defaultPriorityLevels().filter(isMandatory) as PriorityLevelConfiguration[]
const MANDATORY_SCHEMAS = defaultFlowSchemas().filter(isMandatory) as FlowSchema[]

/** Masters are exempt whatever the objects say, and nobody falls through. */
function withMandatory<T extends FlowSchema | PriorityLevelConfiguration>(found: readonly T[], mandatory: readonly T[]): T[] {
  const own = found.filter((each) => !isMandatory(each))
  return [
    ...own,
    ...mandatory.map((each) => {
      const metadata = found.find((other) => other.metadata.name === each.metadata.name)?.metadata ?? each.metadata
      return { ...each, metadata }
    }),
  ]
}

function totalShares(levels: ReadonlyMap<string, PriorityLevelConfiguration>): number {
  return [...levels.values()].reduce((sum, { spec }) => sum + (spec.limited?.nominalConcurrencyShares ?? 0), 0)
}

function limitsOf({ limited }: PriorityLevelConfiguration['spec'], shares: number): LevelLimits {
  const seats = Math.ceil((TOTAL_SEATS * (limited?.nominalConcurrencyShares ?? 0)) / Math.max(1, shares))
  const queuing = limited?.limitResponse?.queuing
  if (queuing === undefined) return { seats, waitingPerFlow: 0, waiting: 0 }
  const { queues = 1, handSize = 1, queueLengthLimit = 0 } = queuing
  return { seats, waitingPerFlow: handSize * queueLengthLimit, waiting: queues * queueLengthLimit }
}

function headersOf(schema: FlowSchema, level: PriorityLevelConfiguration): Record<string, string> {
  const [schemaUid = '', levelUid = ''] = [schema.metadata.uid, level.metadata.uid]
  if (schemaUid === '' || levelUid === '') return {}
  return { 'x-kubernetes-pf-flowschema-uid': schemaUid, 'x-kubernetes-pf-prioritylevel-uid': levelUid }
}

function tooManyRequests(): ApiError {
  return new ApiError('TooManyRequests', 'Too many requests, please try again later.', {
    details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
  })
}
