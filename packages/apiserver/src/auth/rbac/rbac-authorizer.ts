import type { PolicyRule } from '@skiff/api'
import type { Store } from '@skiff/store'
import type { AccessDecision, Authorizer, UserInfo } from '../../http/request-context.ts'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { isMaster } from '../users.ts'
import { buildRbacIndex, type RbacIndex } from './rbac-index.ts'
import { ruleAllows } from './rules.ts'

const RBAC_PREFIX = '/registry/rbac.authorization.k8s.io/'

export interface RbacAuthorizer extends Authorizer {
  /** Every rule the user has in a namespace, the cluster-wide ones included. */
  rulesOfUser(user: UserInfo, namespace: string): PolicyRule[]
  rulesOfRole: RbacIndex['rulesOf']
}

export interface RbacAuthorizerOptions {
  readonly objects: ObjectReader
  readonly store: Store
  readonly signal: AbortSignal
}

/**
 * Decides by the Role and Binding objects in the store: what no rule allows is refused. The index over them is built
 * when it is first needed after a change.
 */
export function createRbacAuthorizer({ objects, store, signal }: RbacAuthorizerOptions): RbacAuthorizer {
  let index: RbacIndex | undefined
  watchChanges(store, signal, () => {
    index = undefined
  })
  const current = () => {
    index ??= buildRbacIndex(objects)
    return index
  }
  return {
    authorize(user, attributes) {
      if (isMaster(user)) return ALLOWED
      for (const { rules, reason } of current().grantsOf(user, attributes.namespace)) {
        if (rules.some((rule) => ruleAllows(rule, attributes))) return { allowed: true, reason }
      }
      return REFUSED
    },
    rulesOfUser: (user, namespace) => [...current().grantsOf(user, namespace)].flatMap(({ rules }) => [...rules]),
    rulesOfRole: (roleRef, namespace) => current().rulesOf(roleRef, namespace),
  }
}

const ALLOWED: AccessDecision = { allowed: true, reason: '' }
const REFUSED: AccessDecision = { allowed: false, reason: '' }

function watchChanges(store: Store, signal: AbortSignal, onChange: () => void): void {
  store.watch({
    prefix: RBAC_PREFIX,
    afterRevision: store.revision(),
    signal,
    onEvents: onChange,
    // Dropped for being slow: what was missed doesn't matter, the whole index is built anew.
    onClose: () => {
      onChange()
      if (!signal.aborted) watchChanges(store, signal, onChange)
    },
  })
}
