import { type HttpAnswer, textAnswer } from './http-answer.ts'

const ROOTS: ReadonlySet<string> = new Set(['healthz', 'livez', 'readyz'])

type Checks = Readonly<Record<string, () => string | undefined>>

interface HealthChecks {
  /** Of all three. */
  readonly liveness: Checks
  /** Of `/readyz` only. */
  readonly readiness: Checks
}

/** `/healthz`, `/livez`, `/readyz`, each with `?verbose` and `/<check>`. Undefined: the path is none of these. */
export function serveHealth(path: string, query: URLSearchParams, checks: HealthChecks): HttpAnswer | undefined {
  const [root = '', check] = path.split('/').filter((segment) => segment !== '')
  if (!ROOTS.has(root)) return undefined
  const all: Checks = { ping: () => undefined, ...checks.liveness, ...(root === 'readyz' ? checks.readiness : {}) }
  if (check !== undefined && !Object.hasOwn(all, check)) return textAnswer(404, '404 page not found\n')
  const excluded = new Set(query.getAll('exclude'))
  const chosen = Object.entries(all).filter(([name]) => (check === undefined ? !excluded.has(name) : name === check))
  const results = chosen.map(([name, run]) => ({ name, problem: run() }))
  const failed = results.some(({ problem }) => problem !== undefined)
  if (!failed && !query.has('verbose')) return textAnswer(200, 'ok')
  const lines = results.map(({ name, problem }) => (problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`))
  return textAnswer(failed ? 500 : 200, `${lines.join('\n')}\n${root} check ${failed ? 'failed' : 'passed'}\n`)
}
