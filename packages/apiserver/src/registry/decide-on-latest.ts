import type { ResourceRegistry } from './resource-registry.ts'
import type { EntryObject } from './stored-object.ts'
import type { ObjectRef } from './write-context.ts'

/** A decision that is made; its write, if it has one, has begun. */
export interface UnderWay<T> {
  readonly outcome: Promise<T | 'conflict'>
}

/**
 * Writes are decided on the newest state, pending writes included, and in turn for each object: so many writers of one
 * object share a commit instead of conflicting. A refusal that was decided on a pending write is told only once that
 * write is durable; when it failed, the answer is 'conflict': decide again.
 *
 * Whoever has to ask somebody else first (`passOn`) lets the others go: the store refuses what came too late, and it is
 * decided again.
 */
export async function decideOnLatest<T>(
  registry: ResourceRegistry,
  ref: ObjectRef,
  decide: (found: EntryObject | undefined, passOn: () => void) => Promise<UnderWay<T>>,
): Promise<T | 'conflict'> {
  let found: EntryObject | undefined
  try {
    const { outcome } = await registry.shared.turns.run(registry.keyOf(ref), (passOn) => {
      found = registry.latest(ref)
      const pending = found && registry.ready([found.entry])
      return pending === undefined ? decide(found, passOn) : pending.then(() => decide(found, passOn))
    })
    return await outcome
  } catch (error) {
    if (await isDurable(registry, ref, found)) throw error
    return 'conflict'
  }
}

/** Whether what was found, or found missing, may be shown: it is acknowledged, or something after it is. */
export async function isDurable(registry: ResourceRegistry, ref: ObjectRef, found: EntryObject | undefined): Promise<boolean> {
  const { store } = registry.shared
  const key = registry.keyOf(ref)
  const known = () => {
    const entry = store.get(key)
    return found === undefined ? entry === undefined : (entry?.modRevision ?? 0) >= found.entry.modRevision
  }
  if (known()) return true
  await store.settled()
  return known()
}
