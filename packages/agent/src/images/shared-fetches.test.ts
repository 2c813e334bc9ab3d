import { expect, test } from 'vitest'
import { SharedFetches } from './shared-fetches.ts'

function waiter() {
  const abort = new AbortController()
  const told: string[] = []
  return { abort, told, signal: abort.signal, notify: (progress: string) => told.push(progress) }
}

test('one fetch serves all who ask while it runs, and each is told how it goes', async () => {
  const fetches = new SharedFetches<string, string>()
  const waiters = [waiter(), waiter()]
  let fetched = 0

  const results = waiters.map((each) =>
    fetches.join('image', each, async (notify) => {
      fetched++
      notify('under way')
      return 'here'
    }),
  )

  expect(await Promise.all(results)).toEqual(['here', 'here'])
  expect(fetched).toBe(1)
  expect(waiters.map(({ told }) => told)).toEqual([['under way'], ['under way']])
})

test('who comes late is told what the others know already', async () => {
  const fetches = new SharedFetches<string, string>()
  const [early, late] = [waiter(), waiter()]
  let finish = (_: string) => {}
  const first = fetches.join('image', early, (notify) => {
    notify('begun')
    return new Promise((resolve) => {
      finish = resolve
    })
  })
  await expect.poll(() => early.told).toEqual(['begun'])

  const second = fetches.join('image', late, async () => 'never asked')
  finish('here')

  expect(await Promise.all([first, second])).toEqual(['here', 'here'])
  expect(late.told).toEqual(['begun'])
})

test('a failure reaches all who waited, and the next who asks tries anew', async () => {
  const fetches = new SharedFetches<string, string>()
  const fail = () => Promise.reject(new Error('refused'))

  const both = [fetches.join('image', waiter(), fail), fetches.join('image', waiter(), fail)]

  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await fetches.join('image', waiter(), async () => 'here')).toBe('here')
})

test('the fetch goes on while somebody waits, and ends with the last who leaves', async () => {
  const fetches = new SharedFetches<string, string>()
  const [ann, bob] = [waiter(), waiter()]
  let given = new AbortController().signal
  const start = (_: unknown, signal: AbortSignal) => {
    given = signal
    return new Promise<string>(() => {})
  }
  const results = Promise.allSettled([fetches.join('image', ann, start), fetches.join('image', bob, start)])
  await Promise.resolve()

  ann.abort.abort(new Error('ann left'))
  await new Promise(setImmediate)
  expect(given.aborted).toBe(false)
  bob.abort.abort(new Error('bob left'))

  expect((await results).map((result) => result.status === 'rejected' && result.reason.message)).toEqual(['ann left', 'bob left'])
  expect(given.aborted).toBe(true)
})
