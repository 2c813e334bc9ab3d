/** What a node says of itself. Pure. */

import type { Node } from '@skiff/api'
import { rfc3339 } from '@skiff/api'
import type { PressureCondition } from '../eviction/signals.ts'
import { allocatableOf, capacityOf, type ResourcesInput } from './node-resources.ts'

export type NodeStatus = NonNullable<Node['status']>
type NodeCondition = NonNullable<NodeStatus['conditions']>[number]

export interface MachineFacts {
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  readonly hostname: string
  /** Of the file system that holds the engine's data. */
  readonly diskBytes: number
  /** UUIDs of NVIDIA's. */
  readonly gpus: readonly string[]
}

export interface NodeStatusInput extends ResourcesInput {
  readonly name: string
  readonly nodeIp: string
  readonly agentPort: number
  readonly pressures: ReadonlySet<PressureCondition>
  readonly images: readonly { readonly id: string; readonly names: readonly string[]; readonly sizeBytes: number }[]
  /** Why pods can't be run now; undefined when all is well. */
  readonly problem: string | undefined
  readonly previous: NodeStatus | undefined
  readonly now: Date
}

const VERSION = 'v1.36.0'

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

type Judgement = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>

function conditionsOf(input: NodeStatusInput): NodeCondition[] {
  const { pressures, problem } = input
  const judgements: Judgement[] = [
    pressure('MemoryPressure', pressures, {
      under: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      free: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    }),
    pressure('DiskPressure', pressures, {
      under: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      free: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    }),
    pressure('PIDPressure', pressures, {
      under: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      free: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    }),
    problem === undefined
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problem },
  ]
  return judgements.map((judgement) => toCondition(judgement, input))
}

function pressure(
  type: PressureCondition,
  pressures: ReadonlySet<PressureCondition>,
  words: Record<'under' | 'free', readonly [string, string]>,
): Judgement {
  const under = pressures.has(type)
  const [reason, message] = under ? words.under : words.free
  return { type, status: under ? 'True' : 'False', reason, message }
}

function toCondition(judgement: Judgement, { previous, now }: NodeStatusInput): NodeCondition {
  const known = previous?.conditions?.find(({ type }) => type === judgement.type)
  const since = known?.status === judgement.status ? known.lastTransitionTime : undefined
  return { ...judgement, lastHeartbeatTime: rfc3339(now), lastTransitionTime: since ?? rfc3339(now) }
}
