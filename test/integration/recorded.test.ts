/** All that was recorded at a real kube-apiserver, asked of a master of ours in the same order. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Master } from '@skiff/master'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLocalMaster } from '../support/local-master.ts'
import { forEachObject, maskedAnswer, sortedKeys } from '../support/masked-answers.ts'
import { type Answer, isWatch, neverArrived, type RecordedStep, Replay, recordedSteps } from '../support/recorded-answers.ts'
import { waitFor } from '../support/wait-for.ts'
import { asHere, CHANCE, DIFFERENCES, isCompared, NOT_SENT, stepsOf } from './testdata/recorded-differences.ts'
import { since120, withJsonValues } from './testdata/since-1.20.ts'

/** In this order each builds on the objects of those before it. */
const FILES = [
  'discovery',
  'errors',
  'watches',
  'kinds-and-defaults',
  'validation',
  'patches',
  'server-side-apply',
  'deletion',
  'access',
  'quota-and-limits',
] as const
/** The recorder gave controllers time before it looked; ours get as long as they need, up to this. */
const LOOK_AGAIN_MS = 20_000

type Json = Record<string, unknown>

interface Step extends RecordedStep {
  readonly file: string
  readonly key: string
}

const STEPS: readonly Step[] = FILES.flatMap((file) =>
  recordedSteps(file).map((step) => ({ ...step, file, key: `${file} ${step.n}` })),
)
const SENT = STEPS.filter((step) => !neverArrived(step) && !NOT_SENT.has(step.key))

let dataDir: string
let master: Master
const answers = new Map<string, Answer>()

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-recorded-'))
  master = await startLocalMaster(dataDir, { defaultTolerationSeconds: 300 })
  await replayAll(new Replay(master.socketPath))
}, 300_000)

afterAll(async () => {
  await master?.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** Watches that follow one another only read: they run at the same time. */
async function replayAll(replay: Replay): Promise<void> {
  const watches: Promise<void>[] = []
  for (const step of SENT) {
    if (isWatch(step)) {
      watches.push(ask(replay, step))
      continue
    }
    await Promise.all(watches.splice(0))
    await ask(replay, step)
    if (step.request.method === 'GET' && isCompared(step.key)) await lookAgain(replay, step)
  }
}

async function ask(replay: Replay, step: Step): Promise<void> {
  answers.set(step.key, await replay.send(step))
}

async function lookAgain(replay: Replay, step: Step): Promise<void> {
  const alike = () => JSON.stringify(sortedKeys(ourAnswer(step))) === JSON.stringify(sortedKeys(expectedAnswer(step)))
  await waitFor('it looks alike', async () => alike() || (await ask(replay, step)), LOOK_AGAIN_MS).catch(() => undefined)
}

function ourAnswer(step: Step): unknown {
  const answer = answers.get(step.key)
  return { status: answer?.status, body: maskedAnswer(withoutFleeting(answer?.body, step)) }
}

function expectedAnswer(step: Step): unknown {
  const { status, body } = asHere(recordedAnswer(step), step.key)
  return { status, body: maskedAnswer(withoutFleeting(withJsonValues(body, answers.get(step.key)?.body), step)) }
}

function recordedAnswer({ response, request }: Step): Answer {
  return { status: response.status, body: since120(response.body, resourceIn(request.path)) }
}

describe.each(FILES)('%s', (file) => {
  const compared = SENT.filter((step) => step.file === file && isCompared(step.key))
  test.each(compared.map((step): [string, Step] => [`${step.n} ${step.step}`, step]))('%s', (_, step) => {
    expect(ourAnswer(step)).toEqual(expectedAnswer(step))
  })
})

describe('the list of differences', () => {
  test.each(DIFFERENCES.filter(({ reason }) => reason !== CHANCE))('says of $steps only what is so: $reason', (difference) => {
    for (const key of stepsOf(difference)) {
      const step = SENT.find((each) => each.key === key)
      if (step === undefined) throw new Error(`there is no step ${key}`)
      const { status, body } = recordedAnswer(step)
      const recorded = withJsonValues(body, answers.get(key)?.body)
      expect(ourAnswer(step), key).not.toEqual({ status, body: maskedAnswer(withoutFleeting(recorded, step)) })
    }
  })
})

/** `apps/v1/namespaces/g3/deployments/p1` is about deployments. */
function resourceIn(path: string): string {
  const [, resource = ''] = /^\/apis?\/(?:[^/]+\/)?v\w+\/(?:namespaces\/[^/]+\/(?=\w))?([^/?]+)/.exec(path) ?? []
  return resource === 'finalize' ? 'namespaces' : resource
}

/** Who wrote what is compared where it is the matter: everywhere else newer fields would have to be listed twice. */
function withoutFleeting(body: unknown, step: Step): unknown {
  const copy = structuredClone(body)
  forEachObject(copy, (object) => {
    if (step.file !== 'server-side-apply') delete object.managedFields
    dropProgress(object, step)
    // Pods have generations since KEP-5067.
    if (resourceIn(step.request.path) === 'pods' && isObject(object.metadata)) delete object.metadata.generation
  })
  return copy
}

/** How far controllers and the scheduler are by then is chance; the recorder had no scheduler. */
function dropProgress(object: Json, { file, n, request: { path } }: Step): void {
  const { managedFields, annotations, conditions, metadata, status } = object
  if (Array.isArray(managedFields)) object.managedFields = managedFields.filter(({ manager }) => !/controller/.test(manager))
  if (Array.isArray(conditions)) object.conditions = conditions.filter(({ type }) => type !== 'PodScheduled')
  if (Array.isArray(object.conditions) && object.conditions.length === 0) delete object.conditions
  if (file !== 'patches' && file !== 'server-side-apply') return
  // What a client says of a status is compared where it says it: the next write of a controller may know nothing of it.
  const isReported = /\/deployments\/\w+\/status/.test(path)
  if (/\/deployments\//.test(path) && isObject(status))
    object.status = isReported ? { conditions: conditionsOfClients(status) } : {}
  if (isObject(annotations) && 'deployment.kubernetes.io/revision' in annotations) delete object.annotations
  // This step copies an annotation of a controller's, if it is there already.
  if (file === 'patches' && n >= 113 && isObject(metadata)) delete metadata.generation
}

const OF_CONTROLLERS: ReadonlySet<unknown> = new Set(['Available', 'Progressing', 'ReplicaFailure'])

function conditionsOfClients({ conditions = [] }: Json): unknown {
  return (conditions as { type: string }[]).filter(({ type }) => !OF_CONTROLLERS.has(type))
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
