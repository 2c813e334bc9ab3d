/** Where the time goes between apply and Ready, as the API's watch and the engine's events show it. */
import { createInterface } from 'node:readline'
import { type Pod, podIsReady } from '@skiff/api'
import type Docker from 'dockerode'
import { median, rounded } from './figure.ts'

const MARKS = [
  'applied',
  'stored',
  'bound',
  'sandbox created',
  'sandbox started',
  'container created',
  'container started',
  'Ready',
] as const
type Mark = (typeof MARKS)[number]

interface EngineEvent {
  readonly Action: string
  readonly timeNano: number
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> }
}

/** One pod's marks, in milliseconds since the epoch. */
export class PodMarks {
  readonly #at = new Map<Mark, number>()

  note(mark: Mark, at = performance.timeOrigin + performance.now()): void {
    if (!this.#at.has(mark)) this.#at.set(mark, at)
  }

  noteObject(pod: Pod): void {
    this.note('stored')
    if (pod.spec.nodeName) this.note('bound')
    if (podIsReady(pod)) this.note('Ready')
  }

  /** Milliseconds since it was applied. */
  since(mark: Mark): number | undefined {
    const [from, to] = [this.#at.get('applied'), this.#at.get(mark)]
    return from === undefined || to === undefined ? undefined : to - from
  }

  /** Follows the engine's events of containers until the signal. */
  async followEngine(docker: Docker, signal: AbortSignal): Promise<void> {
    const filters = JSON.stringify({ type: ['container'], event: ['create', 'start'] })
    const stream = await docker.getEvents({ filters, abortSignal: signal } as unknown as Docker.GetEventsOptions)
    const read = async () => {
      for await (const line of createInterface({ input: stream })) this.#noteEvent(JSON.parse(line))
    }
    // It ends with the signal.
    read().catch(() => undefined)
  }

  #noteEvent({ Action, timeNano, Actor }: EngineEvent): void {
    const what = Actor.Attributes['io.kubernetes.container.name'] === 'POD' ? 'sandbox' : 'container'
    this.note(`${what} ${Action === 'create' ? 'created' : 'started'}`, timeNano / 1e6)
  }
}

/** Median milliseconds since apply at which each mark was reached. */
export function medianMarks(pods: readonly PodMarks[]): Readonly<Record<string, number>> {
  const entries = MARKS.slice(1).flatMap((mark) => {
    const times = pods.map((pod) => pod.since(mark)).filter((time) => time !== undefined)
    return times.length === 0 ? [] : [[mark, rounded(median(times) / 1000)]]
  })
  return Object.fromEntries(entries)
}
