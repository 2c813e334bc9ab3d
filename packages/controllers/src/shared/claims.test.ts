import { ownerReferenceTo, type Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { aPod, aReplicaSet } from '../testing/objects.ts'
import { planClaims } from './claims.ts'

const replicaSet = aReplicaSet('rs')
const ownerReferences = [
  ownerReferenceTo({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: replicaSet.metadata }, { controller: true }),
]
const pod = (name: string, app: string, owned: boolean) =>
  aPod(name, { metadata: { labels: { app }, ...(owned ? { ownerReferences } : {}) } })
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name)

test('keeps its own that match, releases its own that do not, adopts orphans that match', () => {
  const owned = [pod('mine', 'hello', true), pod('relabelled', 'other', true)]
  const orphans = [pod('orphan', 'hello', false), pod('stranger', 'other', false)]
  const { keep, adopt, release } = planClaims(replicaSet, owned, orphans)
  expect([names(keep), names(adopt), names(release)]).toEqual([['mine'], ['orphan'], ['relabelled']])
})

test('adopts nothing that is being deleted, and nothing once it is being deleted itself', () => {
  const leaving = aPod('leaving', { metadata: { labels: { app: 'hello' }, deletionTimestamp: '2026-01-01T00:00:00Z' } })
  expect(planClaims(replicaSet, [], [leaving]).adopt).toEqual([])
  const deleted = aReplicaSet('rs', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })
  expect(planClaims(deleted, [], [pod('orphan', 'hello', false)]).adopt).toEqual([])
})
