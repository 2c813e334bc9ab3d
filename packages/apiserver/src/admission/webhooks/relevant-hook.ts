import { forbidden, qualifiedResource } from '@skiff/api'
import type { Store } from '@skiff/store'
import type { Logger } from 'pino'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import type { WebhookClient } from '../../webhook-client/index.ts'
import type { MatchConditions } from '../expressions/match-conditions.ts'
import { matchedForm } from '../matching/match-resources.ts'
import type { OtherVersions } from '../matching/other-versions.ts'
import type { Reviewed } from '../matching/reviewed.ts'
import type { Hook } from './hooks.ts'

export interface WebhookSurroundings {
  readonly objects: ObjectReader
  readonly store: Store
  readonly otherVersions: OtherVersions
  readonly conditions: MatchConditions
  readonly client: WebhookClient
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** The request in the form that the webhook wants to see; undefined when it isn't to be asked. Throws Forbidden for broken conditions. */
export function relevantHook(hook: Hook, asked: Reviewed, surroundings: WebhookSurroundings): Reviewed | undefined {
  const shown = matchedForm(hook.matching, asked, surroundings)
  if (shown === undefined) return undefined
  const conditions = hook.webhook.matchConditions ?? []
  if (conditions.length === 0) return shown
  const outcome = surroundings.conditions.check(conditions, { asked, shown })
  switch (outcome.type) {
    case 'hold':
      return shown
    case 'fail':
      return undefined
    case 'error':
      if (hook.webhook.failurePolicy === 'Ignore') return undefined
      throw forbidden(qualifiedResource(asked.info), asked.name, outcome.message)
  }
}
