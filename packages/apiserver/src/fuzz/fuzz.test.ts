import { afterAll, beforeAll, expect, test } from 'vitest'
import { samples } from './corpus.ts'
import { type InProcessServer, startInProcess } from './in-process.ts'
import { Random } from './random.ts'
import { type FuzzRequest, nextRequest } from './requests.ts'
import { storedProblems } from './stored-problems.ts'

const REQUESTS = Number(process.env.SKIFF_FUZZ_REQUESTS ?? 30_000)
const SEED = Number(process.env.SKIFF_FUZZ_SEED ?? 1)
const CHECK_EVERY = 10_000
const LONGEST_ANSWER_MS = 5_000
let server: InProcessServer

beforeAll(async () => {
  server = await startInProcess()
})
afterAll(() => server.close())

test(`${REQUESTS} generated requests, seed ${SEED}: none fails inside, none stores what validation refuses`, async () => {
  const corpus = samples()
  const random = new Random(SEED)
  const failures: string[] = []
  const statuses = new Map<number, number>()
  for (let n = 1; n <= REQUESTS && failures.length < 20; n += 1) {
    const request = nextRequest(corpus, random)
    const began = performance.now()
    const { status, body } = await server.send(request)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    // What the server didn't foresee, it logs. (Some mistakes upstream answers with 500 on purpose, and so do we.)
    for (const fault of server.faults.splice(0))
      failures.push(`${describe(request)}\n=> ${status} ${body.slice(0, 500)}\n${fault}`)
    if (performance.now() - began > LONGEST_ANSWER_MS) failures.push(`${describe(request)}\n=> took too long`)
    if (n % CHECK_EVERY === 0 || n === REQUESTS) failures.push(...storedProblems(server.registry), ...pollution())
  }

  expect(failures.join('\n\n')).toBe('')
  // The generator must not have lost its way: enough of everything is let in, and enough is refused.
  for (const status of [200, 201, 400, 404, 409, 415, 422])
    expect(statuses.get(status) ?? 0, String(status)).toBeGreaterThan(REQUESTS / 2_000)
}, 600_000)

function describe({ method, path, headers, body }: FuzzRequest): string {
  return `${method} ${path} ${JSON.stringify(headers)}\n${body?.toString().slice(0, 3_000) ?? ''}`
}

function pollution(): string[] {
  const found = [Object.prototype, Array.prototype, Function.prototype].flatMap((prototype) => Object.keys(prototype))
  return found.map((key) => `a prototype has got a property ${key}`)
}
