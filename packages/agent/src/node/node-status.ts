/** What a node says of itself. Pure. */

import type { Node } from '@skiff/api'
import { quantityOfBytes, rfc3339 } from '@skiff/api'
import type { RuntimeInfo } from '../runtime/runtime.ts'

export type NodeStatus = NonNullable<Node['status']>
type NodeCondition = NonNullable<NodeStatus['conditions']>[number]

export interface MachineFacts {
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  readonly hostname: string
  readonly memoryAvailableBytes: number
  /** Of the file system that holds the engine's data. */
  readonly diskBytes: number
  readonly diskAvailableBytes: number
  readonly pidsFree: number
}

export interface NodeStatusInput {
  readonly name: string
  readonly nodeIp: string
  readonly agentPort: number
  readonly maxPods: number
  readonly runtime: RuntimeInfo
  readonly machine: MachineFacts
  readonly images: readonly { readonly id: string; readonly names: readonly string[]; readonly sizeBytes: number }[]
  /** Why pods can't be run now; undefined when all is well. */
  readonly problem: string | undefined
  readonly previous: NodeStatus | undefined
  readonly now: Date
}

const VERSION = 'v1.36.0'
const LEAST_MEMORY_BYTES = 100 * 2 ** 20
const LEAST_DISK_SHARE = 0.05
const LEAST_PIDS = 500

export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { name, nodeIp, runtime, machine, agentPort } = input
  return {
    capacity: capacityOf(input),
    allocatable: allocatableOf(input),
    conditions: conditionsOf(input),
    addresses: [
      { type: 'InternalIP', address: nodeIp },
      { type: 'Hostname', address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: agentPort } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: runtime.kernelVersion,
      osImage: runtime.operatingSystem,
      containerRuntimeVersion: runtime.version,
      kubeletVersion: VERSION,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: runtime.architecture,
    },
    images: input.images
      .map(({ names, sizeBytes }) => ({ names: [...names], sizeBytes }))
      .filter(({ names }) => names.length > 0),
  }
}

function capacityOf({ runtime, machine, maxPods }: NodeStatusInput): Record<string, string> {
  return {
    cpu: String(runtime.cpus),
    memory: kibibytes(runtime.memoryBytes),
    'ephemeral-storage': kibibytes(machine.diskBytes),
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    pods: String(maxPods),
  }
}

/** Capacity without what the host itself must keep, as the kubelet's default eviction thresholds have it. */
export function allocatableOf(input: Pick<NodeStatusInput, 'runtime' | 'machine' | 'maxPods'>): Record<string, string> {
  const { runtime, machine } = input
  return {
    ...capacityOf(input as NodeStatusInput),
    memory: kibibytes(Math.max(0, runtime.memoryBytes - LEAST_MEMORY_BYTES)),
    'ephemeral-storage': String(Math.floor(machine.diskBytes * 0.9)),
  }
}

function kibibytes(bytes: number): string {
  return quantityOfBytes(Math.floor(bytes / 1024) * 1024)
}

type Judgement = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>

function conditionsOf(input: NodeStatusInput): NodeCondition[] {
  const { machine, problem } = input
  const judgements: Judgement[] = [
    pressure('MemoryPressure', machine.memoryAvailableBytes < LEAST_MEMORY_BYTES, {
      under: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      free: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    }),
    pressure('DiskPressure', machine.diskAvailableBytes < machine.diskBytes * LEAST_DISK_SHARE, {
      under: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      free: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    }),
    pressure('PIDPressure', machine.pidsFree < LEAST_PIDS, {
      under: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      free: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    }),
    problem === undefined
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problem },
  ]
  return judgements.map((judgement) => toCondition(judgement, input))
}

function pressure(type: string, under: boolean, words: Record<'under' | 'free', readonly [string, string]>): Judgement {
  const [reason, message] = under ? words.under : words.free
  return { type, status: under ? 'True' : 'False', reason, message }
}

function toCondition(judgement: Judgement, { previous, now }: NodeStatusInput): NodeCondition {
  const known = previous?.conditions?.find(({ type }) => type === judgement.type)
  const since = known?.status === judgement.status ? known.lastTransitionTime : undefined
  return { ...judgement, lastHeartbeatTime: rfc3339(now), lastTransitionTime: since ?? rfc3339(now) }
}
