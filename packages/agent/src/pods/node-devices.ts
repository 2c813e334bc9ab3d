/** Which of the host's devices a container gets for the extended resources that it asks for. */

import { type Container, type Pod, podIsTerminal, quantityToNumber } from '@skiff/api'
import { GPU } from '../node/node-resources.ts'
import type { DeviceResource } from '../node/node-settings.ts'
import type { ContainerSpec, PodContainers } from '../runtime/runtime.ts'
import { GPUS } from './labels.ts'

export interface NodeDevicesOptions {
  readonly devices: Readonly<Record<string, DeviceResource>>
  /** UUIDs of this host's. */
  readonly gpus: readonly string[]
  readonly pods: () => readonly Pod[]
  readonly observed: () => readonly PodContainers[]
}

type Devices = Pick<ContainerSpec, 'gpus'> & { readonly devices: NonNullable<ContainerSpec['devices']> }

/** A GPU is one container's alone; which are taken is read from the containers' labels again by the next agent. */
export class NodeDevices {
  readonly #options: NodeDevicesOptions
  /** By pod uid and container. */
  readonly #gpus = new Map<string, readonly string[]>()

  constructor(options: NodeDevicesOptions) {
    this.#options = options
  }

  of(pod: Pod, container: Container): Devices {
    const limits = container.resources?.limits ?? {}
    const asked = Object.entries(this.#options.devices).filter(([name]) => quantityToNumber(limits[name] ?? 0) > 0)
    const paths = new Set(asked.flatMap(([, device]) => device.paths))
    const devices = [...paths].map((path) => ({ path, target: path, permissions: 'rwm' }))
    const gpus = this.#take(pod, container, quantityToNumber(limits[GPU] ?? 0))
    return { devices, ...(gpus.length === 0 ? {} : { gpus }) }
  }

  #take(pod: Pod, { name }: Container, count: number): readonly string[] {
    if (count === 0) return []
    const key = keyOf(pod.metadata.uid, name)
    this.#adopt()
    const own = this.#gpus.get(key)
    if (own?.length === count) return own
    this.#gpus.delete(key)
    const taken = new Set([...this.#gpus.values()].flat())
    const free = this.#options.gpus.filter((gpu) => !taken.has(gpu)).slice(0, count)
    this.#gpus.set(key, free)
    return free
  }

  /** Takes over what containers hold, and forgets what pods held that are gone or have ended. */
  #adopt(): void {
    const alive = new Set(this.#options.pods().flatMap((pod) => (podIsTerminal(pod) ? [] : [pod.metadata.uid])))
    for (const { pod, containers } of this.#options.observed()) {
      for (const { name, labels, phase } of containers) {
        const held = labels[GPUS]
        if (held !== undefined && phase !== 'exited' && alive.has(pod.uid)) this.#gpus.set(keyOf(pod.uid, name), held.split(','))
      }
    }
    for (const key of this.#gpus.keys()) if (!alive.has(key.split('/')[0] ?? '')) this.#gpus.delete(key)
  }
}

function keyOf(podUid: string, container: string): string {
  return `${podUid}/${container}`
}
