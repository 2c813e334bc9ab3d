import type { PodContainers, PodRef } from '../runtime/runtime.ts'
import { ContainerEndings } from './container-endings.ts'
import { type EngineNews, isExplained, isTelling } from './engine-news.ts'
import { readLastWords } from './last-words.ts'
import type { MutablePodMemory } from './pod-memory.ts'
import type { PodTools } from './pod-tools.ts'

export interface ObservedPodOptions {
  readonly ref: PodRef
  /** What the engine is known to have of it; absent: it is asked. */
  readonly observed?: PodContainers
  readonly tools: Pick<PodTools, 'runtime' | 'volumes'>
  readonly memory: MutablePodMemory
  /** Before anybody else sees what the engine had when nothing was known of it. */
  readonly onFound: (observed: PodContainers) => void
}

/** What the engine has of one pod, as far as it is known: its last answer, what was done since, and its news. */
export class ObservedPod {
  readonly #options: ObservedPodOptions
  readonly #endings = new ContainerEndings()
  #latest: PodContainers | undefined
  #news: EngineNews[] = []
  #mustAsk: boolean

  constructor(options: ObservedPodOptions) {
    this.#options = options
    this.#latest = options.observed
    this.#mustAsk = options.observed === undefined
  }

  /** Undefined: nobody has looked yet. */
  get latest(): PodContainers | undefined {
    return this.#latest
  }

  /** Something happened to one of its containers. Says whether anything can follow from that. */
  tell(news: EngineNews): boolean {
    if (!isTelling(news)) return false
    this.#news.push(news)
    if (news.action === 'die' || news.action === 'destroy') this.#endings.tell(news.containerId)
    return true
  }

  /** Whether there is news of what the worker has neither done itself nor seen. */
  hasNews(): boolean {
    if (!this.#knows(this.#news)) return true
    this.#news = []
    return false
  }

  /** What is known may be wrong: the next look asks the engine. */
  doubt(): void {
    this.#mustAsk = true
  }

  isOtherThan(now: PodContainers): boolean {
    return this.#latest === undefined || outline(this.#latest) !== outline(now)
  }

  /** Resolves when the engine tells that the container has ended. */
  ended(containerId: string): Promise<void> {
    return this.#endings.of(containerId)
  }

  /** What is there, from the engine if there is any reason to ask it. */
  async look(): Promise<PodContainers> {
    const news = this.#news
    this.#news = []
    const known = this.#latest
    if (known !== undefined && !this.#mustAsk && this.#knows(news)) return known
    this.#mustAsk = false
    const { tools, ref, memory, onFound } = this.#options
    const observed = await tools.runtime.inspectPod(ref.uid)
    if (known === undefined) onFound(observed)
    const ids = new Set(observed.containers.map(({ id }) => id))
    memory.keepContainers(ids)
    this.#endings.keep(ids)
    await this.note(observed)
    return observed
  }

  /** Asks the engine while a step goes on. */
  async glance(): Promise<void> {
    const { tools, ref } = this.#options
    await this.note(await tools.runtime.inspectPod(ref.uid))
  }

  /** What is there after a step. */
  async note(observed: PodContainers): Promise<void> {
    const { memory, tools } = this.#options
    this.#latest = observed
    await readLastWords(observed, memory.terminationMessages, tools.volumes)
  }

  #knows(news: readonly EngineNews[]): boolean {
    const known = this.#latest
    return known !== undefined && news.every((item) => isExplained(item, known))
  }
}

function outline({ sandboxes, containers }: PodContainers): string {
  return [...sandboxes, ...containers]
    .map(({ id, phase }) => `${id} ${phase}`)
    .sort()
    .join('\n')
}
