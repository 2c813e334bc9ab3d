import { lstat, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { type Engine, WRITE_TIMEOUT_MS } from './engine.ts'
import { isMissing } from './engine-errors.ts'
import { extractArchive } from './extract-archive.ts'
import { type Owner, ownerLabels } from './identity.ts'

interface Unpacking {
  readonly owner: Owner
  readonly imageId: string
  readonly directory: string
}

/** What the engine puts into each new container's files for its own mounts. */
const PLACEHOLDERS = [
  '.dockerenv',
  'dev/console',
  'dev/pts',
  'dev/shm',
  'etc/hostname',
  'etc/hosts',
  'etc/resolv.conf',
  'etc/mtab',
  'proc',
  'sys',
  'dev',
  'etc',
]

/**
 * Exports a container that is made of the image and never started: the one way to an image's files that every engine has,
 * whatever it stores images in.
 */
export async function unpackImage(engine: Engine, { owner, imageId, directory }: Unpacking): Promise<void> {
  const name = `skiff_unpack_${imageId.replace(/^sha256:/, '').slice(0, 32)}`
  await removeByName(engine, name)
  // Images that are only data have no command, and need one to become a container.
  const options = { Image: imageId, Cmd: ['none'], Labels: ownerLabels(owner), NetworkDisabled: true }
  await engine.call('create for its files', WRITE_TIMEOUT_MS, (docker, abortSignal) =>
    docker.createContainer({ _query: { name }, _body: options, abortSignal } as Docker.ContainerCreateOptions),
  )
  try {
    const archive = await engine.stream(`export ${name}`, (docker) => docker.getContainer(name).export())
    await extractArchive(archive as Readable, directory)
  } finally {
    await removeByName(engine, name)
  }
  for (const placeholder of PLACEHOLDERS) await removeIfEmpty(join(directory, placeholder))
}

async function removeByName(engine: Engine, name: string): Promise<void> {
  try {
    await engine.call('remove what its files were read from', WRITE_TIMEOUT_MS, (docker, abortSignal) =>
      docker.getContainer(name).remove({ force: true, v: true, abortSignal }),
    )
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

async function removeIfEmpty(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  // A directory with something in it refuses.
  if (found.isDirectory()) await rmdir(path).catch(() => undefined)
  else if (found.size === 0 || found.isSymbolicLink()) await rm(path)
}
