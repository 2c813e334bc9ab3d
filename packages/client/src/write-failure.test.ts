import { writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { writeFailure } from './write-failure.ts'

const failureOf = (path: string) =>
  writeFile(path, 'text').then(
    () => undefined,
    (error: unknown) => writeFailure('/data/ca.key', error).message,
  )

it('says which file could not be written and, if the disk is full, what to do', async () => {
  expect(await failureOf('/dev/full')).toBe(
    "/data/ca.key can't be written (ENOSPC: no space left on device, write): make room on its disk",
  )
  expect(await failureOf('/nowhere/at/all')).toMatch(/^\/data\/ca\.key can't be written \(ENOENT: .*\)$/)
})
