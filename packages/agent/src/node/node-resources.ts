/** What a node has, and what of it pods may have. Pure. */

import { quantityOfBytes, quantityOfMilli, quantityToBytes, quantityToMilli } from '@skiff/api'
import type { Signal } from '../eviction/signals.ts'
import { quantityOf } from '../eviction/thresholds.ts'
import type { RuntimeInfo } from '../runtime/runtime.ts'
import type { NodeSettings } from './node-settings.ts'
import type { MachineFacts, NodeStatus } from './node-status.ts'

export interface ResourcesInput {
  readonly runtime: RuntimeInfo
  readonly machine: MachineFacts
  readonly maxPods: number
  readonly settings: NodeSettings
  /** What the API shows of this node: clients may have given it extended resources. */
  readonly shown: Pick<NodeStatus, 'capacity' | 'allocatable'> | undefined
}

export const GPU = 'nvidia.com/gpu'

export function capacityOf({ runtime, machine, maxPods, settings }: ResourcesInput): Record<string, string> {
  const gpus = runtime.nvidia && machine.gpus.length > 0 ? { [GPU]: String(machine.gpus.length) } : {}
  const devices = Object.entries(settings.devices).map(([name, { count }]) => [name, String(count)])
  return {
    cpu: String(runtime.cpus),
    memory: kibibytes(runtime.memoryBytes),
    'ephemeral-storage': kibibytes(machine.diskBytes),
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    pods: String(maxPods),
    ...gpus,
    ...Object.fromEntries(devices),
  }
}

/** Capacity without what the host keeps, and what is too little to go on with; and all of what clients added to the capacity. */
export function allocatableOf(input: ResourcesInput): Record<string, string> {
  const { runtime, machine, settings } = input
  const reserved = (name: string) => settings.reserved.flatMap((list) => list[name] ?? [])
  const bytes = (name: string, all: number, signal: Signal) => {
    const kept = reserved(name).reduce((sum, quantity) => sum + Number(quantityToBytes(quantity)), leastOf(signal, all, settings))
    return Math.max(0, all - kept)
  }
  const cpuMilli = reserved('cpu').reduce((left, quantity) => left - quantityToMilli(quantity), BigInt(runtime.cpus) * 1000n)
  return {
    ...clientsResources(input),
    ...capacityOf(input),
    cpu: quantityOfMilli(cpuMilli < 0n ? 0n : cpuMilli),
    memory: kibibytes(bytes('memory', runtime.memoryBytes, 'memory.available')),
    'ephemeral-storage': String(Math.floor(bytes('ephemeral-storage', machine.diskBytes, 'nodefs.available'))),
  }
}

/** Extended resources that others wrote into the node's capacity: kept, as the kubelet keeps them. */
function clientsResources(input: ResourcesInput): Record<string, string> {
  const own = capacityOf(input)
  const others = Object.entries(input.shown?.capacity ?? {}).filter(([name]) => name.includes('/') && !(name in own))
  return Object.fromEntries(others.map(([name, quantity]) => [name, String(quantity)]))
}

function leastOf(signal: Signal, capacity: number, { eviction }: NodeSettings): number {
  const hard = eviction.thresholds.find((one) => one.signal === signal && one.graceMs === 0)
  return hard === undefined ? 0 : quantityOf(hard.least, capacity)
}

function kibibytes(bytes: number): string {
  return quantityOfBytes(Math.floor(bytes / 1024) * 1024)
}
