import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { masked, type RecordedStep, Replay, type ReplayedStep, readRecorded } from './testdata/replay.ts'
import { startTestApiServer, type TestApiServer } from './testing.ts'

const LOST_BODY = 'the recorder lost the bodies of DELETE requests, and some answers after them'
const DELETED_THERE = 'y1 was deleted there by a DELETE that had lost its precondition'
const CLEARER_CODE = 'a client mistake is a 400 here, not a 500 without a reason'
const DECODER_WORDS = "1.36's decoder has other words"
const LIMIT_WORDS = "1.36 says 'may not be more than'"
const NEWER = '1.36 answers so'
const NO_CONTROLLERS = 'no controllers run in this test'
const NO_STREAMING = 'streaming has its own tests'

/** Steps whose answers are meant to differ, each with its reason. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'errors 14': NEWER,
  'errors 15': DECODER_WORDS,
  'errors 16': DECODER_WORDS,
  'errors 21': NEWER,
  'errors 22': 'YAML is compared in negotiation.test.ts',
  'errors 23': NEWER,
  'errors 33': 'the database key is nobody’s business',
  'errors 35': CLEARER_CODE,
  'errors 39': LOST_BODY,
  'errors 40': LOST_BODY,
  'errors 41': LOST_BODY,
  'errors 42': LOST_BODY,
  'errors 48': DELETED_THERE,
  'errors 50': DELETED_THERE,
  'errors 52': CLEARER_CODE,
  'errors 60': LIMIT_WORDS,
  'errors 62': CLEARER_CODE,
  'errors 64': NO_STREAMING,
  'errors 65': NO_STREAMING,
  'errors 69': LIMIT_WORDS,
  'deletion 6': 'the cause stands there twice',
  'deletion 18': LOST_BODY,
  'deletion 19': LOST_BODY,
  'deletion 21': LOST_BODY,
  'deletion 22': LOST_BODY,
  'deletion 27': LOST_BODY,
  'deletion 31': LOST_BODY,
  'deletion 32': LOST_BODY,
  'deletion 35': NO_CONTROLLERS,
  'deletion 36': LOST_BODY,
  'deletion 39': NO_CONTROLLERS,
  'deletion 40': LOST_BODY,
  'deletion 41': NO_CONTROLLERS,
}

const FILES = ['errors', 'watches', 'deletion'] as const

describe('answers as kube-apiserver did', () => {
  let api: TestApiServer
  const replayed = new Map<string, ReplayedStep>()

  beforeAll(async () => {
    api = await startTestApiServer()
    const replay = new Replay(api.url)
    // each builds on the objects of the one before
    for (const file of FILES) {
      for (const step of await replay.run(readRecorded(file))) replayed.set(`${file} ${step.recorded.n}`, step)
    }
  }, 30_000)

  afterAll(() => api.close())

  for (const file of FILES) {
    const compared = readRecorded(file).filter(({ n }) => DIFFERENCES[`${file} ${n}`] === undefined)
    test.each(compared.map((step): [string, RecordedStep] => [`${file} ${step.n}`, step]))('%s', (key, { step, response }) => {
      const ours = replayed.get(key)
      const answer = { step, status: ours?.status, body: comparable(ours?.body) }

      expect(answer).toEqual({ step, status: response.status, body: comparable(response.body) })
    })
  }

  test('lists no difference that is none', () => {
    const same = Object.keys(DIFFERENCES).filter((key) => {
      const ours = replayed.get(key)
      if (ours === undefined) return true
      const [a, b] = [comparable(ours.body), comparable(ours.recorded.response.body)]
      return ours.status === ours.recorded.response.status && JSON.stringify(a) === JSON.stringify(b)
    })

    expect(same).toEqual([])
  })
})

describe('discovery', () => {
  const steps = readRecorded('discovery').filter(
    ({ response }) => (response.body as { kind?: string }).kind === 'APIResourceList',
  )

  test.each(steps.map((step): [string, RecordedStep] => [step.request.path, step]))(
    'lists what Kubernetes lists under %s',
    async (path, step) => {
      await using api = await startTestApiServer()
      const theirs = (step.response.body as ResourceList).resources

      const ours = ((await (await fetch(api.url + path)).json()) as ResourceList).resources

      const known = theirs.filter(({ name }) => !LEFT_OUT.has(name)).map(withoutSingular)
      expect(ours.map(withoutSingular)).toEqual(expect.arrayContaining(known))
    },
  )

  test('knows no path that there is not', async () => {
    await using api = await startTestApiServer()
    const missing = readRecorded('discovery').filter(({ response }) => response.status === 404)

    const answers = await new Replay(api.url).run(missing)

    for (const { recorded, status, contentType, body } of answers) {
      expect([recorded.step, status]).toEqual([recorded.step, 404])
      const listsPaths = recorded.request.path === '/nope'
      if (!listsPaths)
        expect({ contentType, body }).toEqual({ contentType: recorded.response.contentType, body: recorded.response.body })
    }
  })
})

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly singularName: string; readonly storageVersionHash?: string }[]
}

/** policy/v1, deletecollection of services and Leases stored as v1 are newer. */
const LEFT_OUT: ReadonlySet<string> = new Set(['pods/eviction', 'services', 'leases'])

/** Newer servers name the singular. */
function withoutSingular({ singularName: _, ...resource }: ResourceList['resources'][number]): object {
  return resource
}

function comparable(body: unknown): unknown {
  return sortedKeys(withoutExtras(masked(body)))
}

/** What other parts of a cluster, or newer Kubernetes, add to every object. */
function withoutExtras(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutExtras).sort(byNameAmongAdded)
  if (typeof value !== 'object' || value === null) return value
  const object = { ...(value as Record<string, unknown>) }
  if (object.kind === 'Pod') delete object.spec
  if (Array.isArray(object.items)) object.items = object.items.filter((item) => nameOf(item) !== 'kube-root-ca.crt')
  const metadata = object.metadata as
    | { labels?: Record<string, string>; creationTimestamp?: unknown; generation?: number }
    | undefined
  if (metadata?.labels?.['kubernetes.io/metadata.name'] !== undefined) delete metadata.labels
  if (metadata?.creationTimestamp === null) delete metadata.creationTimestamp
  if (object.kind === 'Pod') delete metadata?.generation
  if (object.name === 'Restarts') delete object.type
  return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, withoutExtras(inner)]))
}

/** Initial events and lists from the watch cache come in any order there. */
function byNameAmongAdded(a: unknown, b: unknown): number {
  const [left, right] = [sortName(a), sortName(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

function sortName(value: unknown): string {
  const event = value as { type?: string; object?: unknown } | null
  if (event?.type === 'ADDED') return nameOf(event.object)
  return nameOf(value)
}

function nameOf(value: unknown): string {
  return (value as { metadata?: { name?: string } } | null)?.metadata?.name ?? ''
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedKeys(inner)]))
}
