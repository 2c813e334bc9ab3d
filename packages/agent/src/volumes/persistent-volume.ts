import { stat } from 'node:fs/promises'
import { type PersistentVolume, VOLUME_NODE_LABEL } from '@skiff/api'
import { checkHostPath } from './host-path.ts'
import type { LocalDirectories } from './local-directories.ts'
import { mountNfs } from './nfs.ts'
import { MountError } from './volume-errors.ts'

export interface PlacedVolume {
  readonly path: string
  /** The pod's fsGroup is to own what is in it. */
  readonly takesGroup: boolean
}

/** Makes a bound volume usable on this host. `target`: where it may be mounted. Throws MountError, in the kubelet's words. */
export async function placeVolume(
  volume: PersistentVolume,
  { directories, target }: { readonly directories: LocalDirectories; readonly target: string },
): Promise<PlacedVolume> {
  const { local, hostPath, nfs, mountOptions } = volume.spec
  const { name } = volume.metadata
  if (local) return { path: await localPath(volume, local.path, directories), takesGroup: volume.spec.volumeMode !== 'Block' }
  if (hostPath) {
    await checkHostPath(hostPath.path, hostPath.type ?? '').catch((error: Error) => {
      throw new MountError(`MountVolume.SetUp failed for volume "${name}" : ${error.message}`, { cause: error })
    })
    return { path: hostPath.path, takesGroup: false }
  }
  if (nfs) {
    await mountNfs({ ...nfs, ...(mountOptions ? { options: mountOptions } : {}) }, target, name)
    return { path: target, takesGroup: false }
  }
  throw new MountError(
    `failed to get Plugin from volumeSpec for volume "${name}" err=no volume plugin matched: nodes here use local, hostPath and nfs volumes`,
  )
}

async function localPath(volume: PersistentVolume, path: string, directories: LocalDirectories): Promise<string> {
  const { name, labels } = volume.metadata
  const ours = labels?.[VOLUME_NODE_LABEL] !== undefined
  if (ours) await directories.make(volume)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    const cure = ours
      ? 'it was there before, so its data is lost; restore it there from a backup, or delete the claim to begin anew'
      : 'make it on this node, or correct spec.local.path of the volume'
    throw new MountError(
      `MountVolume.NewMounter initialization failed for volume "${name}" : path "${path}" does not exist: ${cure}`,
    )
  }
  if (volume.spec.volumeMode === 'Block' && !found.isBlockDevice()) {
    throw new MountError(`MapVolume.SetUpDevice failed for volume "${name}" : ${path} is not a block device`)
  }
  return path
}
