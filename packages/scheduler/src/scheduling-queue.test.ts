import { expect, test } from 'vitest'
import { SchedulingQueue } from './scheduling-queue.ts'

const never = new AbortController().signal

test('hands out pods in the order they came', async () => {
  const queue = new SchedulingQueue()
  queue.add('a')
  queue.add('b')
  expect([await queue.next(never), await queue.next(never)]).toEqual(['a', 'b'])
})

test('wakes a waiting pod for what can help it and leaves it asleep otherwise', async () => {
  const queue = new SchedulingQueue()
  queue.park('needs-label', { freedByPods: false })
  queue.park('needs-room', { freedByPods: true })
  queue.podMadeRoom()
  expect(await queue.next(never)).toBe('needs-room')
  queue.done('needs-room')
  queue.nodeChanged()
  expect(await queue.next(never)).toBe('needs-label')
})

test('wakes pods for their own claims, and all that have claims when volumes or classes change', async () => {
  const queue = new SchedulingQueue()
  queue.park('mine', { freedByPods: false, claims: ['default/mine'] })
  queue.park('other', { freedByPods: false, claims: ['default/other'] })
  queue.park('none', { freedByPods: false, claims: [] })
  queue.volumesChanged('default/mine')
  expect(await queue.next(never)).toBe('mine')
  queue.done('mine')
  queue.volumesChanged()
  queue.add('last')
  expect([await queue.next(never), await queue.next(never)]).toEqual(['other', 'last'])
})

test('forgets a waiting pod that is gone', async () => {
  const queue = new SchedulingQueue()
  queue.park('gone', { freedByPods: true })
  queue.park('waiting', { freedByPods: true })
  queue.remove('gone')
  queue.podMadeRoom()
  queue.add('last')
  expect([await queue.next(never), await queue.next(never)]).toEqual(['waiting', 'last'])
})

test('makes a pod that is woken again and again in vain wait', async () => {
  const queue = new SchedulingQueue()
  queue.park('big', { freedByPods: true })
  queue.podMadeRoom()
  expect(await queue.next(never)).toBe('big')
  queue.park('big', { freedByPods: true })
  queue.done('big')
  queue.podMadeRoom()
  queue.add('other')
  expect(await queue.next(never)).toBe('other')
  expect(await queue.next(never)).toBe('big')
  queue.close()
})
