import { mkdirSync, rmSync } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import type { Container, Pod, Volume } from '@skiff/api'
import { ConfigError } from '../containers/config-error.ts'
import type { DownwardContext } from '../containers/downward.ts'
import { expand } from '../containers/expand.ts'
import type { ClusterDns } from '../containers/pod-files.ts'
import type { ContainerSpec, Mount } from '../runtime/runtime.ts'
import { type MountedVolume, mountVolume, type VolumeSources } from './mount-volume.ts'
import { mountTmpfs, unmountBelow } from './mounts.ts'
import { ownMounts, writePodFiles } from './own-files.ts'
import { isPayloadVolume } from './payload.ts'
import { isPodUid, memoryDirectory, type PodDirectory, podDirectory, podsDirectory } from './pod-directory.ts'
import { readVolumeFile } from './read-volume-file.ts'
import { pinSubPath, SubPathError } from './sub-path.ts'
import { MountError } from './volume-errors.ts'

export interface PodVolumesOptions extends VolumeSources {
  /** The agent's data directory; the engine must see it under the same path. */
  readonly dataDir: string
  readonly dns: ClusterDns
  /** Whether the engine can make read-only mounts so in everything below them. */
  readonly recursiveReadOnly: () => boolean
}

type VolumeMount = NonNullable<Container['volumeMounts']>[number]
type Device = NonNullable<ContainerSpec['devices']>[number]

const MAX_TERMINATION_MESSAGE_BYTES = 4096

/** The directories of this node's pods: their volumes, and the files that stand in for Docker's own. */
export class PodVolumes {
  readonly #options: PodVolumesOptions
  /** By pod uid and name of the volume. */
  readonly #mounted = new Map<string, Map<string, MountedVolume>>()
  #memory: string | undefined

  constructor(options: PodVolumesOptions) {
    this.#options = options
  }

  /** Before any volume is made. Where the host allows no mounts, Secrets lie with everything else, readable by root alone. */
  async prepare(): Promise<void> {
    const memory = memoryDirectory(this.#options.dataDir)
    await mkdir(memory, { recursive: true, mode: 0o700 })
    this.#memory = await mountTmpfs(memory, ['mode=0700']).then(
      () => memory,
      () => undefined,
    )
  }

  /** Makes all of a pod's volumes and files; safe to repeat. Throws MountError naming the volume. */
  async mount(pod: Pod, downward: DownwardContext): Promise<void> {
    const directory = this.#directory(pod.metadata.uid)
    mkdirSync(directory.root, { recursive: true, mode: 0o750 })
    writePodFiles(directory, pod, downward.podIp, this.#options.dns)
    for (const volume of pod.spec.volumes ?? []) await this.#mountNamed(volume, pod, downward)
  }

  /** Brings volumes whose content comes from the API up to date. Throws as `mount` does. */
  async refresh(pod: Pod, downward: DownwardContext): Promise<void> {
    for (const volume of (pod.spec.volumes ?? []).filter(isPayloadVolume)) await this.#mountNamed(volume, pod, downward)
  }

  /** What the engine is to mount into a container that starts now. Throws ConfigError. */
  async mountsOf(pod: Pod, container: Container, attempt: number, env: ReadonlyMap<string, string>): Promise<Mount[]> {
    const mounts: Mount[] = []
    for (const [index, volumeMount] of (container.volumeMounts ?? []).entries()) {
      mounts.push(await this.#mountOf({ pod, container, mount: volumeMount, index, env }))
    }
    const taken = new Set(mounts.map(({ target }) => target))
    const own = ownMounts(this.#directory(pod.metadata.uid), container, attempt)
    return [...mounts, ...own.filter(({ target }) => !taken.has(target))]
  }

  /** Block volumes, as the container asks for them. */
  devicesOf(pod: Pod, container: Container): Device[] {
    return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
      const { path, readOnly } = this.#volume(pod, container, name)
      return { path, target: devicePath, permissions: readOnly ? 'rm' : 'rwm' }
    })
  }

  /** The pod's volumes that are made, by name. */
  mounted(podUid: string): ReadonlyMap<string, MountedVolume> {
    return this.#mounted.get(podUid) ?? new Map()
  }

  /** A file of variables that the pod itself wrote into one of its volumes; undefined: it isn't there. Throws ConfigError. */
  async envFile(pod: Pod, container: Container, { volume, path }: { volume: string; path: string }): Promise<string | undefined> {
    return await readVolumeFile(this.#volume(pod, container, volume).path, path)
  }

  /** What the container wrote as its last words, at most 4096 bytes. */
  async terminationMessage(podUid: string, container: string, attempt: number): Promise<string> {
    const file = this.#directory(podUid).terminationLog(container, attempt)
    const text = await readFile(file).catch(() => Buffer.alloc(0))
    return text.subarray(0, MAX_TERMINATION_MESSAGE_BYTES).toString('utf8')
  }

  /** Takes away what former agents left of pods that are gone, too, and of which not even a container is left. */
  async removeOthers(isKnown: (podUid: string) => boolean): Promise<void> {
    const places = [podsDirectory(this.#options.dataDir), memoryDirectory(this.#options.dataDir)]
    const found = await Promise.all(places.map((place) => readdir(place).catch(() => [])))
    for (const uid of new Set(found.flat())) if (isPodUid(uid) && !isKnown(uid)) await this.remove(uid)
  }

  async remove(podUid: string): Promise<void> {
    const { root, secrets } = this.#directory(podUid)
    await unmountBelow(root)
    // In memory there is only what the agent put there; of what the pod wrote there may be much.
    if (secrets !== root) rmSync(secrets, { recursive: true, force: true })
    await rm(root, { recursive: true, force: true })
    this.#mounted.delete(podUid)
    await this.#options.imageVolumes.removeUnused()
  }

  #directory(uid: string): PodDirectory {
    return podDirectory(this.#options.dataDir, uid, this.#memory)
  }

  async #mountNamed(volume: Volume, pod: Pod, downward: DownwardContext): Promise<void> {
    const { uid } = pod.metadata
    try {
      const isShared = (path: string) => this.#isMountedByOthers(path, uid)
      const mounted = await mountVolume(volume, { ...this.#options, pod, downward, directory: this.#directory(uid), isShared })
      const ofPod = this.#mounted.get(uid) ?? new Map<string, MountedVolume>()
      this.#mounted.set(uid, ofPod.set(volume.name, mounted))
    } catch (error) {
      if (error instanceof MountError) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`, { cause: error })
    }
  }

  #isMountedByOthers(path: string, uid: string): boolean {
    return [...this.#mounted].some(([other, volumes]) => other !== uid && [...volumes.values()].some((one) => one.path === path))
  }

  async #mountOf({ pod, container, mount, index, env }: MountRequest): Promise<Mount> {
    const volume = this.#volume(pod, container, mount.name)
    const subPath = mount.subPathExpr ? expandSubPath(mount.subPathExpr, env) : mount.subPath
    const hostPath = pod.spec.volumes?.find(({ name }) => name === mount.name)?.hostPath
    if (hostPath && !hostPath.type) await mkdir(hostPath.path, { recursive: true }).catch(() => undefined)
    const pin = this.#directory(pod.metadata.uid).pin(mount.name, container.name, index)
    const source = subPath ? await pinned(volume.path, { subPath, pin, mount, container }) : volume.path
    const readOnly = volume.readOnly || (mount.readOnly ?? false)
    return {
      source,
      target: mount.mountPath,
      readOnly,
      ...propagationOf(mount.mountPropagation),
      ...(readOnly ? this.#recursionOf(mount) : {}),
    }
  }

  /** Engines that can do it do it unless told otherwise; Kubernetes only where it is asked for (KEP-3857). */
  #recursionOf({ name, recursiveReadOnly }: VolumeMount): Pick<Mount, 'recursion'> {
    const can = this.#options.recursiveReadOnly()
    if (recursiveReadOnly === 'Enabled' && !can) {
      const cure = 'it takes Docker Engine 25 and Linux 5.12; or ask for IfPossible'
      throw new ConfigError(
        `volume "${name}" requested recursive read-only mode, but it is not supported by the runtime: ${cure}`,
      )
    }
    if (!can) return {}
    return { recursion: recursiveReadOnly === 'Enabled' || recursiveReadOnly === 'IfPossible' ? 'forced' : 'none' }
  }

  #volume(pod: Pod, container: Container, name: string): MountedVolume {
    const volume = this.#mounted.get(pod.metadata.uid)?.get(name)
    if (volume === undefined) throw new ConfigError(`cannot find volume "${name}" to mount into container "${container.name}"`)
    return volume
  }
}

interface MountRequest {
  readonly pod: Pod
  readonly container: Container
  readonly mount: VolumeMount
  readonly index: number
  readonly env: ReadonlyMap<string, string>
}

interface PinRequest {
  readonly subPath: string
  readonly pin: string
  readonly mount: VolumeMount
  readonly container: Container
}

/** The details stay out of what users see where they would tell of the host's files. */
async function pinned(volume: string, { subPath, pin, mount, container }: PinRequest): Promise<string> {
  try {
    return await pinSubPath(volume, subPath, pin)
  } catch (error) {
    if (!(error instanceof SubPathError)) throw error
    const what = `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}"`
    throw new ConfigError(`${what}: ${error.message}`, { cause: error })
  }
}

function expandSubPath(text: string, env: ReadonlyMap<string, string>): string {
  const missing = new Set<string>()
  const expanded = expand(text, (name) => {
    const value = env.get(name)
    if (!value) missing.add(name)
    return value
  })
  if (missing.size > 0) throw new ConfigError(`missing value for ${[...missing].sort().join(', ')}`)
  return expanded
}

function propagationOf(propagation: string | undefined): Pick<Mount, 'propagation'> {
  if (propagation === 'HostToContainer') return { propagation: 'rslave' }
  return propagation === 'Bidirectional' ? { propagation: 'rshared' } : {}
}
