import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MissingMountHelperError, mountFileSystem } from './mounts.ts'

test('a file system for which the host has no program is told apart, with what mount was asked and what it said', async () => {
  const target = await mkdtemp(join(tmpdir(), 'skiff-mounts-'))
  try {
    const mounting = mountFileSystem({ type: 'nosuchfs', source: 'server:/export', target, options: ['ro', 'soft'] })
    await expect(mounting).rejects.toThrow(MissingMountHelperError)
    await expect(mounting).rejects.toThrow(
      `\nMounting command: mount\nMounting arguments: -t nosuchfs -o ro,soft server:/export ${target}\nOutput: mount: `,
    )
  } finally {
    await rm(target, { recursive: true })
  }
})
