import { setTimeout as delay } from 'node:timers/promises'
import { POD_UID } from '../../pods/labels.ts'
import type { RuntimeEvent } from '../runtime.ts'
import type { Engine } from './engine.ts'
import { type EngineEvent, followEvents } from './follow-events.ts'
import { type Owner, ownerLabels } from './identity.ts'

/** What changes a pod's state. Exec and health events come by the dozen, and nothing follows from a container that was only made. */
const ACTIONS = ['start', 'die', 'oom', 'destroy']
/** A hanging engine breaks no stream: only asking tells. */
const PING_INTERVAL_MS = 5_000

type Listener = (event: RuntimeEvent) => void

/** What happens to our containers, and to the engine: one stream, as long as anybody listens. */
export class RuntimeEvents {
  readonly #engine: Engine
  readonly #owner: Owner
  readonly #listeners = new Set<Listener>()
  #end: AbortController | undefined
  #hasOpened = false

  constructor(engine: Engine, owner: Owner) {
    this.#engine = engine
    this.#owner = owner
  }

  /** Tells until the signal. Whoever comes later than the stream begins with a resync too. */
  watch(listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#leave(listener), { once: true })
    if (this.#end === undefined) this.#open()
    else if (this.#hasOpened) queueMicrotask(() => this.#listeners.has(listener) && listener({ type: 'resync' }))
  }

  #open(): void {
    this.#end = new AbortController()
    void watchEvents(this.#engine, this.#owner, (event) => this.#tell(event), this.#end.signal)
  }

  #tell(event: RuntimeEvent): void {
    if (event.type === 'resync') this.#hasOpened = true
    for (const listener of this.#listeners) listener(event)
  }

  #leave(listener: Listener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return
    this.#end?.abort()
    this.#end = undefined
    this.#hasOpened = false
  }
}

async function watchEvents(engine: Engine, owner: Owner, listener: Listener, signal: AbortSignal): Promise<void> {
  const stopListening = engine.onAvailability((available, message) => {
    listener({ type: 'engine', available, message })
    if (available) listener({ type: 'resync' })
  })
  const label = [POD_UID, ...Object.entries(ownerLabels(owner)).map(([key, value]) => `${key}=${value}`)]
  const following = {
    filters: { type: ['container'], event: ACTIONS, label },
    onOpen: () => listener({ type: 'resync' }),
    onEvent: (event: EngineEvent) => listener(podEventOf(event)),
  }
  await Promise.all([followEvents(engine, following, signal), pingUntil(engine, signal)])
  stopListening()
}

function podEventOf(event: EngineEvent): RuntimeEvent {
  const { exitCode, [POD_UID]: uid = '' } = event.Actor.Attributes
  const told = { type: 'pod', uid, action: event.Action, containerId: event.Actor.ID } as const
  return exitCode === undefined ? told : { ...told, exitCode: Number(exitCode) }
}

async function pingUntil(engine: Engine, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await engine.ping()
    await delay(PING_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}
