import { isControlledBy, type LabelSelector, labelSelectorMatches, type ObjectMeta } from '@skiff/api'

interface Owner {
  readonly metadata: ObjectMeta
  readonly spec: { readonly selector: LabelSelector }
}

interface Claimable {
  readonly metadata: ObjectMeta
}

export interface ClaimPlan<T> {
  /** Ours and still wanted. */
  readonly keep: readonly T[]
  /** Nobody's and matching our selector. */
  readonly adopt: readonly T[]
  /** Ours, but no longer matching our selector. */
  readonly release: readonly T[]
}

/** Which of the objects belong to `owner`: by reference, and by selector for those that belong to nobody. */
export function planClaims<T extends Claimable>(owner: Owner, owned: readonly T[], orphans: readonly T[]): ClaimPlan<T> {
  const matches = ({ metadata }: T) => labelSelectorMatches(owner.spec.selector, metadata.labels)
  const mine = owned.filter((object) => isControlledBy(object, owner))
  if (owner.metadata.deletionTimestamp) return { keep: mine.filter(matches), adopt: [], release: [] }
  return {
    keep: mine.filter(matches),
    adopt: orphans.filter((object) => matches(object) && !object.metadata.deletionTimestamp),
    release: mine.filter((object) => !matches(object)),
  }
}
