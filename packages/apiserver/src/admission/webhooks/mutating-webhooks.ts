import { ApiError, type KindInfo, type KubeObject } from '@skiff/api'
import { jsonPatch } from '../../patch/index.ts'
import { jsonEquals } from '../../patch/json-value.ts'
import type { Reviewed } from '../matching/reviewed.ts'
import { askWebhook, failed } from './ask-webhook.ts'
import { type Hook, Hooks } from './hooks.ts'
import { relevantHook, type WebhookSurroundings } from './relevant-hook.ts'

/** One request's way through the webhooks: they are asked once more when others have changed the object since. */
export interface Round {
  /** Webhooks that want to see the object again, each with what it made of it. */
  readonly seen: Map<string, KubeObject | undefined>
  readonly again: boolean
}

interface MutatingWebhooksOptions extends WebhookSurroundings {
  /** An object out of what a patch has made: typed, defaulted. Throws ApiError. */
  readonly decode: (value: unknown, info: KindInfo) => KubeObject
}

/** Lets webhooks complete the object, one after the other (upstream: MutatingAdmissionWebhook). */
export class MutatingWebhooks {
  readonly #options: MutatingWebhooksOptions
  readonly #hooks: Hooks

  constructor(options: MutatingWebhooksOptions) {
    this.#options = options
    this.#hooks = new Hooks('mutating', options)
  }

  get isEmpty(): boolean {
    return this.#hooks.get().length === 0
  }

  /** The object as the webhooks want it, in the version that was asked in. */
  async complete(request: Reviewed, round: Round, warn: (text: string) => void): Promise<KubeObject | undefined> {
    let asked = request
    for (const hook of this.#hooks.get()) {
      const shown = relevantHook(hook, asked, this.#options)
      if (shown === undefined || (round.again && !wantsToSeeAgain(hook, shown, round))) continue
      const answer = await askWebhook({ hook, asked, shown, warn }, this.#options)
      const changed = answer?.patch === undefined ? shown.object : this.#patched(hook, shown, answer.patch)
      if (hook.webhook.reinvocationPolicy === 'IfNeeded') round.seen.set(hook.id, changed)
      if (changed === undefined || changed === shown.object) continue
      asked = { ...asked, object: this.#options.otherVersions.returned(changed, shown.info, asked.info) }
    }
    return asked.object
  }

  #patched({ webhook }: Hook, { object, kind, info }: Reviewed, patch: readonly unknown[]): KubeObject | undefined {
    if (patch.length === 0) return object
    if (object === undefined) {
      const what = `admission webhook "${webhook.name}" attempted to modify the object`
      throw failed(`${what}, which is not supported for this operation`)
    }
    // Bindings and scales are only shown: nothing that a webhook makes of them has a place to go.
    if (kind.kind !== info.kind) return object
    try {
      return this.#options.decode(jsonPatch(object, patch), info)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      throw failed(error.message, error)
    }
  }
}

function wantsToSeeAgain({ id }: Hook, { object }: Reviewed, { seen }: Round): boolean {
  return seen.has(id) && !jsonEquals(seen.get(id), object)
}
