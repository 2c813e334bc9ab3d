/** Boots each release's machine, runs the guest's checks in it, and writes down what was seen. Started by scripts/test-machine. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machineSection, withSection } from './compatibility.ts'
import { makeDisks } from './disks.ts'
import { RELEASES, type Release } from './release.ts'
import { type MachineResult, readResult } from './results.ts'
import { runMachine } from './virtual-machine.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const COMPATIBILITY = join(ROOT, 'docs', 'compatibility.md')
/** A quiet machine needs a third of it. */
const SUITE_TIMEOUT_MS = 60 * 60_000

const { values, positionals } = parseArgs({ options: { work: { type: 'string' } }, allowPositionals: true })
if (values.work === undefined) throw new Error('--work is needed: scripts/test-machine gives it')
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)))

const results: MachineResult[] = []
try {
  for (const release of RELEASES.filter((one) => positionals.length === 0 || positionals.includes(one.suite)))
    results.push(await testMachine(release, values.work))
  for (const result of results) console.log(summaryOf(result))
  process.exitCode = results.every(passed) ? 0 : 1
} catch (error) {
  console.error(`skiff: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

async function testMachine(release: Release, work: string): Promise<MachineResult> {
  console.log(`==> ${release.suite}: making its disks`)
  const disks = await makeDisks({ release, work, root: ROOT, signal: stop.signal })
  console.log(`==> ${release.suite}: booting; its console is ${disks.console}`)
  const lines: string[] = []
  const ending = await runMachine(disks, {
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(SUITE_TIMEOUT_MS)]),
    onLine: (line) => {
      lines.push(line)
      console.log(`    ${line}`)
    },
  })
  stop.signal.throwIfAborted()
  const result = readResult(release.suite, lines, ending)
  write(result)
  return result
}

function write(result: MachineResult): void {
  const before = existsSync(COMPATIBILITY) ? readFileSync(COMPATIBILITY, 'utf8') : '# What Skiff works with\n'
  writeFileSync(COMPATIBILITY, withSection(before, result.suite, machineSection(result, new Date())))
}

function passed({ checks, problem }: MachineResult): boolean {
  return problem === undefined && checks.every(({ ok }) => ok)
}

function summaryOf({ suite, checks, problem }: MachineResult): string {
  const failed = checks.filter(({ ok }) => !ok)
  return [
    `${suite}: ${checks.length - failed.length} checks hold, ${failed.length} don't${problem === undefined ? '' : `; ${problem}`}`,
    ...failed.map(({ name, detail }) => `    ${name}: ${detail}`),
  ].join('\n')
}
