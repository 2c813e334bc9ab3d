import type { Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { aPod } from '../testing/objects.ts'
import { RecentWrites } from './recent-writes.ts'

/** An informer's copy that tests move forward. */
class Copy {
  pods = new Map<string, Pod>()
  at = '10'
  get = (key: string) => this.pods.get(key)
  revision = () => this.at
}

const created = aPod('new', { metadata: { resourceVersion: '12' } })
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name)

test('counts a pod that was created until the informer has come past it', () => {
  const copy = new Copy()
  const writes = new RecentWrites<Pod>(copy)
  writes.created('rs', created)
  expect(names(writes.overlay('rs', []))).toEqual(['new'])
  expect(names(writes.overlay('other', []))).toEqual([])
  copy.at = '12'
  expect(names(writes.overlay('rs', [created]))).toEqual(['new'])
})

test('does not count it any more when it was deleted before we looked again', () => {
  const copy = new Copy()
  const writes = new RecentWrites<Pod>(copy)
  writes.created('rs', created)
  copy.at = '15'
  expect(writes.overlay('rs', [])).toEqual([])
})

test('leaves out a pod that was deleted until the informer shows that', () => {
  const copy = new Copy()
  const writes = new RecentWrites<Pod>(copy)
  const pod = aPod('old')
  copy.pods.set('default/old', pod)
  writes.deleted(pod)
  expect(writes.overlay('rs', [pod])).toEqual([])
  const again = aPod('old', { metadata: { uid: 'another' } })
  copy.pods.set('default/old', again)
  expect(names(writes.overlay('rs', [again]))).toEqual(['old'])
})
