/** Pods of the namespace `default`, as tests make them and look at them. */
import { EVENTS, type Event, isNotFound, PODS, type Pod } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { waitFor } from './wait-for.ts'

const NAMESPACE = 'default'

export class Pods {
  readonly #client: () => ApiClient
  readonly #spec: object

  /** `spec`: what every pod's own spec comes on top of. */
  constructor(client: () => ApiClient, options: { readonly spec: object }) {
    this.#client = client
    this.#spec = options.spec
  }

  create(name: string, spec: object, metadata: object = {}): Promise<Pod> {
    const body = { metadata: { name, namespace: NAMESPACE, ...metadata }, spec: { ...this.#spec, ...spec } }
    return this.#client().create<Pod>(PODS, body as never)
  }

  get(name: string): Promise<Pod> {
    return this.#client().get<Pod>(PODS, { namespace: NAMESPACE, name })
  }

  /** The pod once it is so; fails with the status that it had last. */
  that(name: string, is: (pod: Pod) => unknown): Promise<Pod> {
    const ask = async () => {
      const pod = await this.get(name)
      if (is(pod)) return pod
      throw new Error(JSON.stringify(pod.status))
    }
    return waitFor(`pod ${name} is as expected`, ask)
  }

  async delete(name: string, options: { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    await this.#client().delete(PODS, { namespace: NAMESPACE, name }, options)
  }

  async isGone(name: string): Promise<boolean> {
    return await this.get(name).then(
      () => false,
      (error: unknown) => isNotFound(error),
    )
  }

  async events(name: string): Promise<readonly Event[]> {
    const { items } = await this.#client().list<Event>(EVENTS, { namespace: NAMESPACE })
    return items.filter(({ involvedObject }) => involvedObject.name === name)
  }

  async eventReasons(name: string): Promise<string[]> {
    return (await this.events(name)).map(({ reason = '' }) => reason)
  }

  /** Resolves when there are events with these reasons: they are written a moment after what they tell. */
  async areTold(name: string, reasons: readonly string[]): Promise<void> {
    await waitFor(`${reasons.join(' and ')} are told of ${name}`, async () => {
      const told = await this.eventReasons(name)
      if (reasons.every((reason) => told.includes(reason))) return true
      throw new Error(told.join())
    })
  }
}
