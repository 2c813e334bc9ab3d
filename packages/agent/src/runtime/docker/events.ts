import { setTimeout as delay } from 'node:timers/promises'
import { POD_UID } from '../../pods/labels.ts'
import type { RuntimeEvent } from '../runtime.ts'
import type { Engine } from './engine.ts'
import { type EngineEvent, followEvents } from './follow-events.ts'
import { type Owner, ownerLabels } from './identity.ts'

/** Exec and health events are left out: they come by the dozen and say nothing about a pod's state. */
const ACTIONS = ['create', 'start', 'die', 'oom', 'destroy']
/** A hanging engine breaks no stream: only asking tells. */
const PING_INTERVAL_MS = 5_000

/** What happens to our containers, and to the engine, until the signal. */
export async function watchEvents(
  engine: Engine,
  owner: Owner,
  listener: (event: RuntimeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
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
