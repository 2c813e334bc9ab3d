import { isUnavailable } from '@skiff/api'
import type { Checkpoint } from '@skiff/client'

export interface LastAnswersOptions {
  readonly checkpoint: Checkpoint
  /** The master has not answered since this agent started: it isn't even asked. */
  readonly isAway: () => boolean
}

interface Answer {
  readonly value: unknown
  /** The pods that need it, by uid: it is kept as long as one of them is here. */
  readonly users: Set<string>
}

type KeptAnswer = readonly [key: string, value: unknown, users: readonly string[]]

const NAME = 'answers'

/**
 * What the API has said of the objects that pods here need (ConfigMaps, Secrets, claims, tokens), for the time when it can't be
 * asked: a container that crashes then is started with what its pod had.
 */
export class LastAnswers {
  readonly #options: LastAnswersOptions
  #answers = new Map<string, Answer>()

  constructor(options: LastAnswersOptions) {
    this.#options = options
  }

  get isAway(): boolean {
    return this.#options.isAway()
  }

  /** What an earlier agent of this node has heard. */
  async restore(): Promise<void> {
    const kept = await this.#options.checkpoint.load<readonly KeptAnswer[]>(NAME)
    this.#answers = new Map((kept ?? []).map(([key, value, users]) => [key, { value, users: new Set(users) }]))
  }

  /** Asks the API. As long as that can't be reached, what it has said last counts. */
  async ask<T>(podUid: string, key: string, question: () => Promise<T>): Promise<T> {
    const last = this.recall<T>(key)
    if (last !== undefined && this.isAway) return last
    try {
      const answer = await question()
      this.remember(podUid, key, answer)
      return answer
    } catch (error) {
      if (last === undefined || !isUnavailable(error)) throw error
      return last
    }
  }

  recall<T>(key: string): T | undefined {
    return this.#answers.get(key)?.value as T | undefined
  }

  remember(podUid: string, key: string, value: unknown): void {
    const users = this.#answers.get(key)?.users ?? new Set()
    this.#answers.set(key, { value, users: users.add(podUid) })
    this.#save()
  }

  /** The object has changed since it was asked for. */
  renew(key: string, value: unknown): void {
    const known = this.#answers.get(key)
    if (known === undefined) return
    this.#answers.set(key, { ...known, value })
    this.#save()
  }

  /** The pod is gone. */
  release(podUid: string): void {
    this.releaseOthers((uid) => uid !== podUid)
  }

  releaseOthers(isHere: (podUid: string) => boolean): void {
    for (const [key, { users }] of this.#answers) {
      for (const uid of users) if (!isHere(uid)) users.delete(uid)
      if (users.size === 0) this.#answers.delete(key)
    }
    this.#save()
  }

  #save(): void {
    const content = () => [...this.#answers].map(([key, { value, users }]): KeptAnswer => [key, value, [...users]])
    this.#options.checkpoint.save(NAME, content)
  }
}
