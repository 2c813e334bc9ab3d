import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Container, type Pod, quantityToBytes, type Volume } from '@skiff/api'
import { ConfigError } from '../containers/config-error.ts'
import type { DownwardContext } from '../containers/downward.ts'
import type { ConfigSource } from '../containers/environment.ts'
import { expand } from '../containers/expand.ts'
import { type ClusterDns, hostnameOf, hostsFile, resolvConf } from '../containers/pod-files.ts'
import type { Mount } from '../runtime/runtime.ts'
import { writeAtomically } from './atomic-writer.ts'
import { checkHostPath } from './host-path.ts'
import { mountTmpfs, unmountBelow } from './mounts.ts'
import { giveToGroup } from './ownership.ts'
import { isPayloadVolume, type PayloadContext, volumePayload } from './payload.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'
import { pinSubPath } from './sub-path.ts'

export interface PodVolumesOptions {
  /** The agent's data directory; the engine must see it under the same path. */
  readonly dataDir: string
  readonly config: ConfigSource
  readonly tokens: ServiceAccountTokens
  readonly dns: ClusterDns
}

/** What a volume could not be made for, in the words of a FailedMount event. */
export class MountError extends Error {
  override name = 'MountError'
}

/** The directories of this node's pods: their volumes, and the files that stand in for Docker's own. */
export class PodVolumes {
  readonly #options: PodVolumesOptions

  constructor(options: PodVolumesOptions) {
    this.#options = options
  }

  /** Makes all of a pod's volumes and files; safe to repeat. Throws MountError naming the volume. */
  async mount(pod: Pod, downward: DownwardContext): Promise<void> {
    await mkdir(this.#podDir(pod.metadata.uid), { recursive: true, mode: 0o750 })
    await this.#writePodFiles(pod, downward.podIp)
    for (const volume of pod.spec.volumes ?? []) await this.#mountNamed(volume, pod, downward)
  }

  /** Brings volumes whose content comes from the API up to date. Throws as `mount` does. */
  async refresh(pod: Pod, downward: DownwardContext): Promise<void> {
    for (const volume of (pod.spec.volumes ?? []).filter(isPayloadVolume)) await this.#mountNamed(volume, pod, downward)
  }

  /** What the engine is to mount into a container that starts now. */
  async mountsOf(pod: Pod, container: Container, attempt: number, env: ReadonlyMap<string, string>): Promise<Mount[]> {
    const mounts: Mount[] = []
    for (const [index, volumeMount] of (container.volumeMounts ?? []).entries()) {
      mounts.push(await this.#mountOf(pod, container, volumeMount, index, env))
    }
    const taken = new Set(mounts.map(({ target }) => target))
    return [...mounts, ...(await this.#ownFiles(pod, container, attempt)).filter(({ target }) => !taken.has(target))]
  }

  /** What the container wrote as its last words, at most 4096 bytes. */
  async terminationMessage(podUid: string, container: string, attempt: number): Promise<string> {
    const text = await readFile(this.#terminationFile(podUid, container, attempt)).catch(() => Buffer.alloc(0))
    return text.subarray(0, MAX_TERMINATION_MESSAGE_BYTES).toString('utf8')
  }

  async remove(podUid: string): Promise<void> {
    const directory = this.#podDir(podUid)
    await unmountBelow(directory)
    await rm(directory, { recursive: true, force: true })
  }

  #podDir(uid: string): string {
    // What is found on containers' labels is removed here: it must never name more than one pod's directory.
    if (!/^[a-zA-Z0-9][a-zA-Z0-9-]*$/.test(uid)) throw new Error(`${JSON.stringify(uid)} is not a pod's uid`)
    return join(this.#options.dataDir, 'pods', uid)
  }

  #terminationFile(podUid: string, container: string, attempt: number): string {
    return join(this.#podDir(podUid), 'containers', container, `termination-log-${attempt}`)
  }

  async #writePodFiles(pod: Pod, podIp: string): Promise<void> {
    const directory = this.#podDir(pod.metadata.uid)
    const { dns } = this.#options
    await writeShared(join(directory, 'etc-hosts'), hostsFile(pod, podIp, dns, await readHostFile('/etc/hosts')))
    await writeShared(join(directory, 'resolv.conf'), resolvConf(pod, dns, await hostResolvConf()))
    await writeShared(join(directory, 'hostname'), `${hostnameOf(pod)}\n`)
  }

  async #mountNamed(volume: Volume, pod: Pod, downward: DownwardContext): Promise<void> {
    try {
      await this.#mountVolume(volume, pod, downward)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`, { cause: error })
    }
  }

  async #mountVolume(volume: Volume, pod: Pod, downward: DownwardContext): Promise<void> {
    if (volume.hostPath) return await checkHostPath(volume.hostPath.path, volume.hostPath.type ?? '')
    const path = this.#volumePath(pod, volume)
    if (volume.emptyDir) return await this.#makeEmptyDir(path, volume.emptyDir, pod)
    if (!isPayloadVolume(volume)) throw new ConfigError(`volumes of the type ${typeOf(volume)} are not supported on this node`)
    const { config, tokens } = this.#options
    const context: PayloadContext = { pod, config, downward, token: (request) => tokens.token(request) }
    await writeAtomically(path, await volumePayload(volume, context), pod.spec.securityContext?.fsGroup)
  }

  async #makeEmptyDir(path: string, emptyDir: NonNullable<Volume['emptyDir']>, pod: Pod): Promise<void> {
    await mkdir(path, { recursive: true })
    if (emptyDir.medium === 'Memory') {
      await mountTmpfs(path, emptyDir.sizeLimit === undefined ? undefined : Number(quantityToBytes(emptyDir.sizeLimit)))
    }
    await chmod(path, 0o777)
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {}
    if (fsGroup !== undefined) await giveToGroup(path, fsGroup, fsGroupChangePolicy as 'Always' | 'OnRootMismatch' | undefined)
  }

  #volumePath(pod: Pod, volume: Volume): string {
    return volume.hostPath?.path ?? join(this.#podDir(pod.metadata.uid), 'volumes', typeOf(volume), volume.name)
  }

  async #mountOf(
    pod: Pod,
    container: Container,
    mount: NonNullable<Container['volumeMounts']>[number],
    index: number,
    env: ReadonlyMap<string, string>,
  ): Promise<Mount> {
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name)
    if (volume === undefined)
      throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`)
    const path = this.#volumePath(pod, volume)
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, (name) => env.get(name)) : mount.subPath
    const pin = join(this.#podDir(pod.metadata.uid), 'volume-subpaths', volume.name, container.name, String(index))
    const source = subPath ? await pinSubPath(path, subPath, pin) : path
    if (volume.hostPath && !subPath && !volume.hostPath.type) await mkdir(path, { recursive: true }).catch(() => undefined)
    const readOnly = mount.readOnly ?? isPayloadVolume(volume)
    return { source, target: mount.mountPath, readOnly, ...propagationOf(mount.mountPropagation) }
  }

  async #ownFiles(pod: Pod, container: Container, attempt: number): Promise<Mount[]> {
    const directory = this.#podDir(pod.metadata.uid)
    const message = this.#terminationFile(pod.metadata.uid, container.name, attempt)
    await mkdir(join(directory, 'containers', container.name), { recursive: true, mode: 0o755 })
    await writeFile(message, '')
    await chmod(message, 0o666)
    const target = container.terminationMessagePath ?? '/dev/termination-log'
    return [
      { source: join(directory, 'etc-hosts'), target: '/etc/hosts', readOnly: false },
      { source: join(directory, 'hostname'), target: '/etc/hostname', readOnly: true },
      { source: join(directory, 'resolv.conf'), target: '/etc/resolv.conf', readOnly: false },
      { source: message, target, readOnly: false },
    ]
  }
}

const MAX_TERMINATION_MESSAGE_BYTES = 4096

function typeOf(volume: Volume): string {
  return Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir'
}

function propagationOf(propagation: string | undefined): Pick<Mount, 'propagation'> {
  if (propagation === 'HostToContainer') return { propagation: 'rslave' }
  return propagation === 'Bidirectional' ? { propagation: 'rshared' } : {}
}

/** In place: a running container has this very file mounted. */
async function writeShared(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return
  await writeFile(path, text)
  await chmod(path, 0o644)
}

async function readHostFile(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '')
}

/** Where systemd-resolved runs, /etc/resolv.conf names a server that only the host itself can reach. */
async function hostResolvConf(): Promise<string> {
  const own = await readHostFile('/etc/resolv.conf')
  if (!own.includes('127.0.0.53')) return own
  return (await readHostFile('/run/systemd/resolve/resolv.conf')) || own
}
