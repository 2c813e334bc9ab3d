import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeDirectories } from './make-directories.ts'

const folder = mkdtempSync(join(tmpdir(), 'skt-directories-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('directories that are made', () => {
  it('are there with all above them, for nobody else, also when several make them at once and again', async () => {
    const path = join(folder, 'a', 'b', 'c')
    await Promise.all([makeDirectories(path, 0o700), makeDirectories(path, 0o700)])
    await makeDirectories(path, 0o700)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700)
  })

  it('are refused below a file', async () => {
    writeFileSync(join(folder, 'file'), '')
    await expect(makeDirectories(join(folder, 'file', 'a'), 0o700)).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(makeDirectories(join(folder, 'file'), 0o700)).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it('are refused where nobody can make any', async () => {
    await expect(makeDirectories('/proc/skiff/pods', 0o700)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
