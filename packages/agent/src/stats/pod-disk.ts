import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Pod, podClaims, type Volume } from '@skiff/api'
import { runningContainers } from '../pods/container-history.ts'
import type { ContainerRuntime, ContainerState, PodContainers } from '../runtime/runtime.ts'
import { type DirectoryUsage, directoryUsage } from '../volumes/disk-usage.ts'
import type { MountedVolume } from '../volumes/mount-volume.ts'
import { isPayloadVolume } from '../volumes/payload.ts'
import { type FsUsage, readFsUsage } from './host-usage.ts'

/** What a pod takes of this host's disks. */
export interface PodDisk {
  readonly containers: readonly ContainerDisk[]
  readonly volumes: readonly VolumeDisk[]
  /** Of containers, their logs, and volumes that live no longer than the pod; memory is not disk. */
  readonly ephemeralBytes: number
  readonly ephemeralInodes: number
}

export interface ContainerDisk {
  readonly name: string
  readonly rootfsBytes: number
  readonly logs: DirectoryUsage
}

export interface VolumeDisk {
  readonly name: string
  readonly claim?: string
  /** Room on its file system; what is used is the volume's own. */
  readonly fs: FsUsage
}

export interface PodDiskOptions {
  readonly runtime: Pick<ContainerRuntime, 'writtenBytes'>
  readonly mounted: (podUid: string) => ReadonlyMap<string, MountedVolume>
}

/** A layer's own directory: the engine counts only what is in its files. */
const LAYER_BYTES = 4_096

/** What a container's own layer takes, its directory included. */
export function layerBytes({ rootfsBytes }: ContainerDisk): number {
  return LAYER_BYTES + rootfsBytes
}

/** Walks through everything: dear, and never asked for in passing. */
export async function readPodDisk(pod: Pod, observed: PodContainers, options: PodDiskOptions): Promise<PodDisk> {
  const containers: ContainerDisk[] = []
  for (const container of runningContainers(observed)) containers.push(await readContainerDisk(container, options))
  const mounted = options.mounted(pod.metadata.uid)
  const found = await Promise.all((pod.spec.volumes ?? []).map((volume) => readVolume(pod, volume, mounted.get(volume.name))))
  const volumes = found.filter((volume) => volume !== undefined)
  const onDisk = volumes.filter(({ name }) => livesOnDiskWithPod(pod, name))
  const logs = containers.map((container) => container.logs)
  return {
    containers,
    volumes,
    ephemeralBytes: sum([
      ...containers.map(({ rootfsBytes }) => rootfsBytes),
      ...logs.map(({ bytes }) => bytes),
      ...onDisk.map(({ fs }) => fs.usedBytes),
    ]),
    ephemeralInodes: sum([...logs.map(({ inodes }) => inodes), ...onDisk.map(({ fs }) => fs.inodesUsed)]),
  }
}

export async function readContainerDisk(
  container: ContainerState,
  { runtime }: Pick<PodDiskOptions, 'runtime'>,
): Promise<ContainerDisk> {
  const rootfsBytes = await runtime.writtenBytes(container.id).catch(() => 0)
  return { name: container.name, rootfsBytes, logs: await readLogUsage(container) }
}

/** A container's log with its rotated files. */
export async function readLogUsage({ logPath }: ContainerState): Promise<DirectoryUsage> {
  if (logPath === '') return { bytes: 0, inodes: 0 }
  const directory = dirname(logPath)
  const siblings = await readdir(directory).catch(() => [])
  const files = siblings.filter((file) => file.startsWith(basename(logPath)))
  const found = await Promise.all(files.map((file) => directoryUsage(join(directory, file))))
  return { bytes: sum(found.map(({ bytes }) => bytes)), inodes: sum(found.map(({ inodes }) => inodes)) }
}

/** Of a directory that the agent made, or of a claim's; other volumes are others' business. */
async function readVolume(pod: Pod, volume: Volume, mounted: MountedVolume | undefined): Promise<VolumeDisk | undefined> {
  const claim = podClaims(pod).find((one) => one.volume === volume)
  if (mounted === undefined || !(volume.emptyDir || isPayloadVolume(volume) || claim)) return undefined
  const fs = await readFsUsage(mounted.path)
  if (fs === undefined) return undefined
  const own = await directoryUsage(mounted.path)
  const used = { ...fs, usedBytes: own.bytes, inodesUsed: own.inodes }
  return { name: volume.name, fs: used, ...(claim === undefined ? {} : { claim: claim.claimName }) }
}

function livesOnDiskWithPod(pod: Pod, name: string): boolean {
  const volume = pod.spec.volumes?.find((one) => one.name === name)
  const inMemory = volume?.emptyDir?.medium === 'Memory' || volume?.secret !== undefined || volume?.projected !== undefined
  return !inMemory && !podClaims(pod).some((claim) => claim.volume === volume)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
