import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Pod, type PodClaim, podClaims, type Volume } from '@skiff/api'
import { ConfigError } from '../containers/config-error.ts'
import type { DownwardContext } from '../containers/downward.ts'
import type { ConfigSource } from '../containers/environment.ts'
import { writeAtomically } from './atomic-writer.ts'
import { makeEmptyDir, openEmptyDir } from './empty-dir.ts'
import { checkHostPath } from './host-path.ts'
import type { ImageVolumes } from './image-volumes.ts'
import type { LocalDirectories } from './local-directories.ts'
import { mountNfs } from './nfs.ts'
import { giveToFsGroup } from './ownership.ts'
import { isPayloadVolume, volumePayload } from './payload.ts'
import { placeVolume } from './persistent-volume.ts'
import { type PodDirectory, volumeType } from './pod-directory.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'
import type { VolumeClaims } from './volume-claims.ts'

/** A volume as containers get it. */
export interface MountedVolume {
  readonly path: string
  /** Whatever the container's mount says. */
  readonly readOnly: boolean
}

export interface VolumeSources {
  readonly config: ConfigSource
  readonly tokens: ServiceAccountTokens
  readonly claims: VolumeClaims
  readonly directories: LocalDirectories
  readonly imageVolumes: ImageVolumes
  /** About a pod, for its owner to see. */
  readonly warn: (pod: Pod, reason: string, message: string) => void
}

export interface VolumeScene extends VolumeSources {
  readonly pod: Pod
  readonly downward: DownwardContext
  readonly directory: PodDirectory
  /** Whether another pod has what is at that path. */
  readonly isShared: (path: string) => boolean
}

/** Makes one volume of a pod; safe to repeat, also by a later agent. Throws ConfigError or MountError. */
export async function mountVolume(volume: Volume, scene: VolumeScene): Promise<MountedVolume> {
  const { hostPath, emptyDir, nfs } = volume
  const claim = podClaims(scene.pod).find((one) => one.volume === volume)
  const path = scene.directory.volume(volume)
  if (hostPath) {
    await checkHostPath(hostPath.path, hostPath.type ?? '')
    return { path: hostPath.path, readOnly: false }
  }
  if (emptyDir) return await mountEmptyDir(volume, emptyDir, scene)
  if (isPayloadVolume(volume)) return await mountPayload(volume, scene)
  if (claim) return await mountClaim(claim, scene)
  if (volume.image) {
    await scene.imageVolumes.mount(scene.pod, volume, path)
    return { path, readOnly: true }
  }
  if (nfs) {
    await mountNfs(nfs, path, volume.name)
    return { path, readOnly: nfs.readOnly ?? false }
  }
  throw new ConfigError(`no volume plugin matched: volumes of the type ${volumeType(volume)} are not supported on this node`)
}

async function mountEmptyDir(
  volume: Volume,
  emptyDir: NonNullable<Volume['emptyDir']>,
  scene: VolumeScene,
): Promise<MountedVolume> {
  const { pod, downward, directory } = scene
  const path = directory.volume(volume)
  const allocatableMemory = downward.allocatable.memory ?? '0'
  // What was in memory is gone after a reboot, and with it what was done once.
  if (await makeEmptyDir(path, { emptyDir, pod, allocatableMemory })) await rm(directory.readyMark(volume), { force: true })
  await once(volume, scene, async () => {
    await openEmptyDir(path, emptyDir)
    await giveToFsGroup(path, pod)
  })
  return { path, readOnly: false }
}

async function mountPayload(volume: Volume, { pod, config, tokens, downward, directory }: VolumeScene): Promise<MountedVolume> {
  const path = directory.volume(volume)
  const payload = await volumePayload(volume, { pod, config, downward, token: (request) => tokens.token(request) })
  writeAtomically(path, payload, pod.spec.securityContext?.fsGroup)
  return { path, readOnly: true }
}

async function mountClaim(claim: PodClaim, scene: VolumeScene): Promise<MountedVolume> {
  const { pod, claims, directories, directory } = scene
  const { volume } = claim
  const found = await claims.volumeOf(pod, claim, await isReady(volume, scene))
  const placed = await placeVolume(found, { directories, target: directory.volume(volume) })
  const readOnly = volume.persistentVolumeClaim?.readOnly ?? false
  await once(volume, scene, async () => {
    if (!placed.takesGroup || readOnly) return
    if (scene.isShared(placed.path)) await warnOfOtherGroup(placed.path, found.metadata.name, scene)
    else await giveToFsGroup(placed.path, pod)
  })
  return { path: placed.path, readOnly: readOnly || (found.spec.nfs?.readOnly ?? false) }
}

/** What a pod works with is not taken away by the next one that mounts it. */
async function warnOfOtherGroup(path: string, name: string, { pod, warn }: VolumeScene): Promise<void> {
  const wanted = pod.spec.securityContext?.fsGroup
  const { gid } = await stat(path)
  if (wanted === undefined || wanted === gid) return
  const message = `The requested fsGroup is ${wanted}, but the volume ${name} has GID ${gid}. The volume may not be shareable.`
  warn(pod, 'AlreadyMountedVolume', message)
}

/** Owners and modes are set once for a pod: what it changes itself stays, also when the agent starts again. */
async function once(volume: Volume, scene: VolumeScene, act: () => Promise<void>): Promise<void> {
  if (await isReady(volume, scene)) return
  await act()
  const mark = scene.directory.readyMark(volume)
  await mkdir(dirname(mark), { recursive: true, mode: 0o750 })
  await writeFile(mark, '')
}

async function isReady(volume: Volume, { directory }: VolumeScene): Promise<boolean> {
  return (await stat(directory.readyMark(volume)).catch(() => undefined)) !== undefined
}
