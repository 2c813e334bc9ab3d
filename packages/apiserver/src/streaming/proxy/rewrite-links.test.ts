import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rewriteLinks } from './rewrite-links.ts'

const rewrite = (chunks: readonly string[]) =>
  text(Readable.from(chunks.map((chunk) => Buffer.from(chunk))).pipe(rewriteLinks('/p')))

test('wherever a page is cut into pieces, it comes out the same', async () => {
  const page = '<!doctype html><a href="/é" title=">">1 < 2</a><img alt=/x src=/y><script src = \'/s\'></script><p href="/z"><a'
  const whole =
    '<!doctype html><a href="/p/é" title=">">1 < 2</a><img alt=/x src="/p/y"><script src = \'/p/s\'></script><p href="/z"><a'
  expect(await rewrite([page])).toBe(whole)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(page.length), { maxLength: 8 }), async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), page.length]
      expect(await rewrite(places.slice(1).map((end, index) => page.slice(places[index], end)))).toBe(whole)
    }),
    { numRuns: 50 },
  )
})

test('a tag without an end is passed on, in bounded memory', async () => {
  const endless = Array.from({ length: 50 }, (_, index) => `${index === 0 ? '<a href="' : ''}${'x'.repeat(10_000)}`)
  const links = rewriteLinks('/p')
  const passed: number[] = []
  links.on('data', (chunk: Buffer) => passed.push(chunk.length))
  for (const piece of endless) links.write(piece)
  expect(passed.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(400_000)
  expect(await rewrite(endless)).toBe(endless.join(''))
})
