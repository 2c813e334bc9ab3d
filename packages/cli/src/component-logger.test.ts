import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { LOG_FILE_VARIABLE, MAX_LOG_BYTES } from './component-logger.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs until it has logged so much: what it said on standard error. */
async function logInto(path: string, bytes: number): Promise<string> {
  const output = openSync(path, 'a')
  const fixture = join(import.meta.dirname, 'log-much.fixture.ts')
  const child = spawn(process.execPath, ['--conditions=source', fixture, String(bytes)], {
    stdio: ['ignore', output, 'pipe'],
    env: { ...process.env, [LOG_FILE_VARIABLE]: path },
  })
  closeSync(output)
  let said = ''
  for await (const text of child.stderr ?? []) {
    said += text
    if (said.includes('done')) child.kill()
  }
  return said
}

test('the log of a process that runs on and on stays small, and its last lines are there', async () => {
  const file = join(folder, 'agent.log')

  await logInto(file, 2.5 * MAX_LOG_BYTES)

  expect(readdirSync(folder).sort()).toEqual(['agent.log', 'agent.log.1'])
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThan(1.1 * MAX_LOG_BYTES)
  expect(JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '')).toMatchObject({ component: 'fixture' })
})

test('what was logged last is there when the process exits in the same breath', () => {
  const program = `import { componentLogger } from '${join(import.meta.dirname, 'component-logger.ts')}'
    componentLogger('hasty').info('last words')
    process.exit(3)`

  const { stdout } = spawnSync(process.execPath, ['--conditions=source', '--input-type=module', '-e', program])

  expect(JSON.parse(stdout.toString())).toMatchObject({ component: 'hasty', msg: 'last words' })
})

test('a disk without room for the log ends nobody', async () => {
  expect(await logInto('/dev/full', 3 * 1024 * 1024)).toBe('done\n')
})
