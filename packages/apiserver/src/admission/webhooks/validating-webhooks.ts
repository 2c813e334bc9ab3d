import type { Reviewed } from '../matching/reviewed.ts'
import { askWebhook } from './ask-webhook.ts'
import { Hooks } from './hooks.ts'
import { relevantHook, type WebhookSurroundings } from './relevant-hook.ts'

/** Asks all webhooks that want to judge the request, at the same time (upstream: ValidatingAdmissionWebhook). */
export class ValidatingWebhooks {
  readonly #surroundings: WebhookSurroundings
  readonly #hooks: Hooks

  constructor(surroundings: WebhookSurroundings) {
    this.#surroundings = surroundings
    this.#hooks = new Hooks('validating', surroundings)
  }

  get isEmpty(): boolean {
    return this.#hooks.get().length === 0
  }

  /** Throws what the first of them, in their order, refuses with. */
  async judge(asked: Reviewed, warn: (text: string) => void): Promise<void> {
    const relevant = this.#hooks.get().flatMap((hook) => {
      const shown = relevantHook(hook, asked, this.#surroundings)
      return shown === undefined ? [] : [{ hook, asked, shown, warn }]
    })
    const answers = await Promise.allSettled(relevant.map((asking) => askWebhook(asking, this.#surroundings)))
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
  }
}
