import { readFileSync } from 'node:fs'
import { appendFile, mkdtemp, readdir, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LogOptions, readLogs } from './read-logs.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-logs-'))
  path = join(directory, 'c-json.log')
})

afterEach(() => rm(directory, { recursive: true }))

/** Characters of two bytes each. */
const PIECE = 8_192
const PLAIN: LogOptions = { follow: false, timestamps: false }

function entry(log: string, second: number, stream = 'stdout'): string {
  return `${JSON.stringify({ log, stream, time: `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z` })}\n`
}

async function textOf(options: LogOptions): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readLogs(path, options)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

test('reads all files of a rotated log, oldest first', async () => {
  await writeFile(`${path}.2`, entry('one\n', 1))
  await writeFile(`${path}.1`, entry('two\n', 2))
  await writeFile(path, entry('three\n', 3))
  expect(await textOf(PLAIN)).toBe('one\ntwo\nthree\n')
})

test('cuts by lines, time and bytes, and shows times when asked', async () => {
  await writeFile(path, [1, 2, 3].map((second) => entry(`line ${second}\n`, second)).join(''))
  expect(await textOf({ ...PLAIN, tailLines: 2 })).toBe('line 2\nline 3\n')
  expect(await textOf({ ...PLAIN, tailLines: 0 })).toBe('')
  expect(await textOf({ ...PLAIN, sinceTime: new Date('2026-01-01T00:00:03Z') })).toBe('line 3\n')
  expect(await textOf({ ...PLAIN, limitBytes: 9 })).toBe('line 1\nli')
  expect(await textOf({ ...PLAIN, tailLines: 1, timestamps: true })).toBe('2026-01-01T00:00:03.5Z line 3\n')
})

test('puts together a line that the engine has split, also when another stream writes between', async () => {
  const long = 'x'.repeat(16_384)
  await writeFile(path, entry(long, 1) + entry('err\n', 1, 'stderr') + entry(long, 1) + entry('end\n', 1))
  expect(await textOf({ ...PLAIN, tailLines: 1 })).toBe(`${long}${long}end\n`)
  expect(await textOf(PLAIN)).toBe(`err\n${long}${long}end\n`)
})

test('passes over an entry that is corrupt', async () => {
  await writeFile(path, `${entry('a\n', 1)}{"log":"half${'\n'}${entry('b\n', 2)}`)
  expect(await textOf(PLAIN)).toBe('a\nb\n')
})

test('a log that isn’t there is empty', async () => {
  expect(await textOf(PLAIN)).toBe('')
})

test('follows a fast writer across rotations without losing or repeating a line', async () => {
  const lines = 3_000
  let writing = true
  await writeFile(path, '')
  const write = async () => {
    for (let line = 0; line < lines; line++) {
      if (line % 500 === 499) {
        await rename(`${path}.1`, `${path}.2`).catch(() => undefined)
        await rename(path, `${path}.1`)
        await writeFile(path, '')
      }
      await appendFile(path, entry(`${line}\n`, 1))
    }
    writing = false
  }
  const [text] = await Promise.all([textOf({ ...PLAIN, follow: true, isWriting: () => writing }), write()])
  expect(text.trim().split('\n')).toEqual(Array.from({ length: lines }, (_, line) => String(line)))
})

test('a reader that is slower than the writer misses nothing: what is rotated away is held until it is read', async () => {
  await writeFile(path, entry('0\n', 1))
  let writing = true
  const lines: string[] = []
  for await (const chunk of readLogs(path, { ...PLAIN, follow: true, isWriting: () => writing })) {
    lines.push(...String(chunk).trim().split('\n'))
    if (lines.length > 1) continue
    for (let line = 1; line <= 6; line++) {
      // The engine keeps one rotated file: of these six only the last two are there in the end.
      await rename(path, `${path}.1`)
      await writeFile(`${path}.new`, entry(`${line}\n`, 1))
      await rename(`${path}.new`, path)
      await vi.waitFor(async () => expect(await heldFiles()).toBe(line + 1), { timeout: 30_000 })
    }
    writing = false
  }
  expect(lines).toEqual(['0', '1', '2', '3', '4', '5', '6'])
})

/** How many files of the log this process has open, also those that have no name any more. */
async function heldFiles(): Promise<number> {
  const open = await readdir('/proc/self/fd')
  const targets = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(`${directory}/`)).length
}

test('a follow ends when its client goes', async () => {
  await writeFile(path, entry('a\n', 1))
  const stop = new AbortController()
  const lines: string[] = []
  for await (const chunk of readLogs(path, { ...PLAIN, follow: true, signal: stop.signal })) {
    lines.push(String(chunk))
    stop.abort()
  }
  expect(lines).toEqual(['a\n'])
})

test('the last lines are those of the whole log, wherever it was rotated and whatever was split', async () => {
  const lengths = fc.array(fc.oneof(fc.nat(80), fc.constantFrom(PIECE, 20_000)), { maxLength: 12 })
  const turns = fc.array(fc.record({ isStdout: fc.boolean(), rotates: fc.nat(9).map((chance) => chance === 0) }), {
    minLength: 1,
  })
  const log = fc.record({ stdout: lengths, stderr: lengths, turns, tailLines: fc.nat(30) })
  await fc.assert(
    fc.asyncProperty(log, async ({ stdout, stderr, turns, tailLines }) => {
      const out = entriesOf(stdout, 'stdout')
      const err = entriesOf(stderr, 'stderr')
      const files = ['']
      for (let turn = 0; out.length + err.length > 0; turn++) {
        const { isStdout, rotates } = turns[turn % turns.length] ?? { isStdout: true, rotates: false }
        const next = (isStdout ? out : err).shift() ?? out.shift() ?? err.shift()
        files.push((files.pop() ?? '') + next, ...(rotates ? [''] : []))
      }
      await Promise.all(files.reverse().map((content, age) => writeFile(age === 0 ? path : `${path}.${age}`, content)))
      const whole = (await textOf(PLAIN)).split('\n').slice(0, -1)
      const expected = tailLines === 0 ? [] : whole.slice(-tailLines)
      expect((await textOf({ ...PLAIN, tailLines })).split('\n').slice(0, -1)).toEqual(expected)
      await Promise.all(files.map((_, age) => rm(age === 0 ? path : `${path}.${age}`)))
    }),
    { numRuns: 100 },
  )
})

/** Lines of these lengths, split as the engine does. */
function entriesOf(lengths: readonly number[], stream: string): string[] {
  return lengths.flatMap((length) => {
    const text = `${'é'.repeat(length)}\n`
    const pieces = Array.from({ length: Math.ceil(text.length / PIECE) }, (_, index) =>
      text.slice(index * PIECE, (index + 1) * PIECE),
    )
    return pieces.map((piece) => entry(piece, 1, stream))
  })
}

test('for the last lines of a long log only its end is read', async () => {
  await writeFile(path, entry('a line\n', 1).repeat(200_000))
  const before = bytesRead()
  expect(await textOf({ ...PLAIN, tailLines: 2 })).toBe('a line\na line\n')
  expect(bytesRead() - before).toBeLessThan(1_000_000)
})

/** By this process, ever. */
function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}
