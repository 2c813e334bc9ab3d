import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { demultiplex, outputTo } from './demultiplex.ts'

function frame(type: 1 | 2, content: string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = type
  header.writeUInt32BE(Buffer.byteLength(content), 4)
  return Buffer.concat([header, Buffer.from(content)])
}

test('frames are split between the outputs, wherever the pieces of the stream are cut', async () => {
  const frames = fc.array(fc.record({ type: fc.constantFrom(1, 2), content: fc.string({ unit: 'grapheme' }) }))
  await fc.assert(
    fc.asyncProperty(frames, fc.integer({ min: 1, max: 20 }), async (sent, pieceSize) => {
      const bytes = Buffer.concat(sent.map(({ type, content }) => frame(type as 1 | 2, content)))
      const [stdout, stderr] = [new PassThrough(), new PassThrough()]
      const read = Promise.all([text(stdout), text(stderr)])

      await demultiplex(Readable.from(cut(bytes, pieceSize)), { stdout: outputTo(stdout), stderr: outputTo(stderr) })
      stdout.end()
      stderr.end()

      const expected = [1, 2].map((wanted) => sent.flatMap(({ type, content }) => (type === wanted ? [content] : [])).join(''))
      expect(await read).toEqual(expected)
    }),
  )
})

test('nothing is read ahead of a reader that does not read', async () => {
  let produced = 0
  async function* plenty() {
    while (produced < 1_000) {
      produced++
      yield frame(1, 'x'.repeat(10_000))
    }
  }
  const stdout = new PassThrough({ highWaterMark: 50_000 })
  const source = Readable.from(plenty(), { highWaterMark: 1 })

  const done = demultiplex(source, { stdout: outputTo(stdout), stderr: outputTo(new PassThrough()) })
  await new Promise(setImmediate)
  const readAhead = produced
  stdout.destroy()
  await done

  expect(readAhead).toBeLessThan(20)
  expect(produced).toBe(1_000)
})

function* cut(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
