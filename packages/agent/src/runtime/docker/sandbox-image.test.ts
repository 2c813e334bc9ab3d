import { createHash } from 'node:crypto'
import { extract } from 'tar-stream'
import { expect, test } from 'vitest'
import { type Architecture, pauseProgram } from './pause.ts'
import { SANDBOX_IMAGE, sandboxImageArchive } from './sandbox-image.ts'

test.for(['amd64', 'arm64'] as const)('the archive for %s holds the program, and digests that agree', async (architecture) => {
  const files = await untar(await sandboxImageArchive(architecture))
  const [manifest] = JSON.parse(String(files.get('manifest.json')))
  const config = JSON.parse(String(files.get(manifest.Config)))
  const layer = files.get(manifest.Layers[0]) ?? Buffer.alloc(0)

  expect(manifest.RepoTags).toEqual([SANDBOX_IMAGE])
  expect(manifest.Config).toBe(`${sha256(files.get(manifest.Config))}.json`)
  expect(config).toMatchObject({ architecture, os: 'linux', rootfs: { diff_ids: [`sha256:${sha256(layer)}`] } })
  expect((await untar(layer)).get('pause')).toEqual(pauseProgram(architecture))
})

test('the same image comes out every time', async () => {
  expect(sha256(await sandboxImageArchive('amd64'))).toBe(sha256(await sandboxImageArchive('amd64')))
})

test.for([
  ['amd64', 62],
  ['arm64', 183],
] as const)('the program for %s is an executable of that machine', ([architecture, machine]) => {
  const program = pauseProgram(architecture as Architecture)

  expect(program.subarray(0, 4).toString('latin1')).toBe('\x7fELF')
  expect(program.readUInt16LE(18)).toBe(machine)
  expect(program.readBigUInt64LE(96)).toBe(BigInt(program.length))
})

async function untar(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const reader = extract()
  reader.end(archive)
  for await (const entry of reader) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    files.set(entry.header.name, Buffer.concat(chunks))
  }
  return files
}

function sha256(content: Buffer | undefined): string {
  return createHash('sha256')
    .update(content ?? '')
    .digest('hex')
}
