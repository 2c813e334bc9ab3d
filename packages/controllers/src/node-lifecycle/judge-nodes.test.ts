import { describe, expect, test } from 'vitest'
import { judgeNodes } from './judge-nodes.ts'

const streaming = (name: string, silentMs: number) => ({ name, silentMs, limitMs: 4000, suspectMs: 2500 })
const leased = (name: string, silentMs: number) => ({ name, silentMs, limitMs: 40_000 })

test('a node that beats is alive, one that is silent for 4 s is gone and its pods are replaced', () => {
  const verdicts = judgeNodes([streaming('a', 900), streaming('b', 4000), streaming('c', 100)])
  expect(verdicts.get('a')).toEqual({ state: 'alive' })
  expect(verdicts.get('b')).toEqual({ state: 'gone', evict: true, silencePods: true })
})

test('without a stream the slower lease counts', () => {
  expect(judgeNodes([leased('a', 11_000)]).get('a')).toEqual({ state: 'alive' })
  expect(judgeNodes([leased('a', 40_000), streaming('b', 0)]).get('a')?.state).toBe('gone')
})

describe('evictions', () => {
  test('go on when one of two nodes is gone', () => {
    expect(judgeNodes([streaming('a', 4000), streaming('b', 0)]).get('a')).toMatchObject({ evict: true })
  })
  test('stop when most nodes vanish at once, even if some are only late so far', () => {
    const verdicts = judgeNodes([streaming('a', 4000), streaming('b', 3000), streaming('c', 0)])
    expect(verdicts.get('a')).toMatchObject({ state: 'gone', evict: false, silencePods: true })
    expect(verdicts.get('b')).toEqual({ state: 'suspect' })
  })
  test('go on for the last one away when the others came back', () => {
    expect(judgeNodes([streaming('a', 20_000), streaming('b', 0), streaming('c', 0)]).get('a')).toMatchObject({ evict: true })
  })
  test('stop when no node is left that could take the pods', () => {
    expect(judgeNodes([streaming('only', 4000)]).get('only')).toMatchObject({ evict: false })
    const apart = judgeNodes([streaming('a', 500_000), streaming('b', 4000)])
    expect([...apart.values()]).toEqual([
      { state: 'gone', evict: false, silencePods: false },
      { state: 'gone', evict: false, silencePods: false },
    ])
  })
  test('go on when nodes died one after the other', () => {
    const verdicts = judgeNodes([streaming('a', 500_000), streaming('b', 4000), streaming('c', 0)])
    expect(verdicts.get('a')).toMatchObject({ evict: true })
    expect(verdicts.get('b')).toMatchObject({ evict: true })
  })
})

test('endpoints stay when no node is left to serve: it may be the master that is cut off', () => {
  const verdicts = judgeNodes([streaming('a', 4100), streaming('b', 3600), streaming('c', 3200)])
  expect(verdicts.get('a')).toEqual({ state: 'gone', evict: false, silencePods: false })
  expect(judgeNodes([streaming('only', 5000)]).get('only')).toMatchObject({ silencePods: false })
})
