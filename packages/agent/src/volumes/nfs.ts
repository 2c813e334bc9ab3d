import { mkdir } from 'node:fs/promises'
import { MissingMountHelperError, mountFileSystem } from './mounts.ts'
import { MountError } from './volume-errors.ts'

export interface NfsSource {
  readonly server: string
  readonly path: string
  readonly readOnly?: boolean
  readonly options?: readonly string[]
}

/** Mounts the export at `target` with the host's own mount.nfs. Throws MountError with what mount said, and what to install. */
export async function mountNfs({ server, path, readOnly, options = [] }: NfsSource, target: string, name: string): Promise<void> {
  await mkdir(target, { recursive: true })
  const all = [...options, ...(readOnly ? ['ro'] : [])]
  try {
    await mountFileSystem({ type: 'nfs', source: `${server}:${path}`, target, options: all })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const cure =
      error instanceof MissingMountHelperError ? `: install NFS's client on this node (Debian, Ubuntu: nfs-common)` : ''
    throw new MountError(`MountVolume.SetUp failed for volume "${name}" : ${why}${cure}`, { cause: error })
  }
}
