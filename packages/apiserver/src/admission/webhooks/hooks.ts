import { MUTATING_WEBHOOK_CONFIGURATIONS, type ObjectMeta, VALIDATING_WEBHOOK_CONFIGURATIONS } from '@skiff/api'
import type { Store } from '@skiff/store'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { WatchedList } from '../../registry/watched-list.ts'
import type { Webhook } from '../../resources/admissionregistration/validate-webhook.ts'
import type { Matching } from '../matching/match-resources.ts'

export interface Hook {
  /** Tells it from all others, as long as its configuration is the same. */
  readonly id: string
  readonly webhook: Webhook
  readonly mutating: boolean
  readonly matching: Matching
}

interface Configuration {
  readonly metadata: ObjectMeta
  readonly webhooks?: readonly Webhook[]
}

interface HooksOptions {
  readonly store: Store
  readonly objects: ObjectReader
  readonly signal: AbortSignal
}

/** The webhooks there are, in the order in which they are asked: by the names of their configurations. */
export class Hooks {
  readonly #configurations: WatchedList<Configuration>
  readonly #mutating: boolean
  #listed: readonly Configuration[] = []
  #hooks: readonly Hook[] = []

  constructor(kind: 'mutating' | 'validating', { store, objects, signal }: HooksOptions) {
    this.#mutating = kind === 'mutating'
    const info = this.#mutating ? MUTATING_WEBHOOK_CONFIGURATIONS : VALIDATING_WEBHOOK_CONFIGURATIONS
    this.#configurations = new WatchedList({ store, objects, info, signal })
  }

  get(): readonly Hook[] {
    const configurations = this.#configurations.get()
    if (configurations !== this.#listed) {
      this.#listed = configurations
      this.#hooks = configurations.flatMap((each) => this.#hooksOf(each))
    }
    return this.#hooks
  }

  #hooksOf({ metadata, webhooks = [] }: Configuration): Hook[] {
    return webhooks.map((webhook) => {
      const { name, rules = [], matchPolicy, namespaceSelector, objectSelector } = webhook
      const matching = { rules, matchPolicy, namespaceSelector, objectSelector }
      return { id: `${metadata.name}/${name}`, webhook, mutating: this.#mutating, matching }
    })
  }
}
