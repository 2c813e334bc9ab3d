import { join } from 'node:path'
import type { Node, Pod, Service } from '@skiff/api'
import { createEventRecorder } from '@skiff/client'
import { DeletedLogs } from '../deleted-logs/deleted-logs.ts'
import type { PressureCondition } from '../eviction/signals.ts'
import { LogLinks } from '../log-links/log-links.ts'
import { machineFacts } from '../node/machine-facts.ts'
import type { NodeReporter } from '../node/node-reporter.ts'
import type { LastAnswers } from '../objects/last-answers.ts'
import type { ReferencedObjects } from '../objects/referenced-objects.ts'
import type { RunAgentOptions } from '../run-agent.ts'
import type { PodContainers, RuntimeInfo } from '../runtime/runtime.ts'
import { Semaphore } from '../semaphore.ts'
import type { AgentMeters } from '../stats/agent-meters.ts'
import { QuietPace } from '../status/quiet-pace.ts'
import { ImageVolumes } from '../volumes/image-volumes.ts'
import type { LocalDirectories } from '../volumes/local-directories.ts'
import { PodVolumes } from '../volumes/pod-volumes.ts'
import { ServiceAccountTokens } from '../volumes/service-account-tokens.ts'
import { VolumeClaims } from '../volumes/volume-claims.ts'
import { NodeAdmission } from './node-admission.ts'
import { NodeDevices } from './node-devices.ts'
import { fieldPathOf } from './plan-end.ts'
import type { PodTools, SayEvent } from './pod-tools.ts'
import { runtimeHandlers } from './runtime-handlers.ts'

const EXEC_PROBE_SLOTS = 4

/** What the parts of an agent ask of one another, each time anew. */
export interface AgentView {
  /** This node, as the API has it. */
  readonly node: () => Node | undefined
  /** Every pod that is to run here. */
  readonly pods: () => readonly Pod[]
  /** What the engine has of them. */
  readonly observed: () => readonly PodContainers[]
  readonly services: () => readonly Service[]
  /** What the node has too little of. */
  readonly pressures: () => ReadonlySet<PressureCondition>
}

interface PodToolsOptions {
  readonly options: RunAgentOptions
  readonly info: RuntimeInfo
  readonly view: AgentView
  readonly objects: ReferencedObjects
  readonly answers: LastAnswers
  readonly directories: LocalDirectories
  readonly reporter: NodeReporter
  readonly meters: AgentMeters
}

/** What the workers of all pods have in common. */
export async function createPodTools(agent: PodToolsOptions): Promise<PodTools> {
  const { options, info, view, objects, answers, directories, reporter, meters } = agent
  const { client, signal, runtime, images, network, cgroups, now, logger, nodeName, nodeIp, clusterId, dataDir, ranges } = options
  const tokens = new ServiceAccountTokens({ client, answers, now })
  const dns = { nameserver: ranges.dnsIp, domain: ranges.clusterDomain }
  const say = podEvents(options)
  const allocatable = await reporter.allocatable(info)
  return {
    client,
    runtime,
    images,
    network,
    cgroups,
    admission: new NodeAdmission({
      ...view,
      client,
      nodeName,
      allocatable,
      appArmor: () => (reporter.engine ?? info).appArmor,
      cgroupObstacle: () => cgroups.obstacle(),
    }),
    tokens,
    volumes: new PodVolumes({
      dataDir,
      warn: (pod, reason, message) => say(pod, 'Warning', reason, message),
      config: objects,
      tokens,
      claims: new VolumeClaims({ client, answers, node: view.node }),
      imageVolumes: new ImageVolumes({ images, runtime, config: objects, dataDir, say, signal }),
      directories,
      dns,
      recursiveReadOnly: () => (reporter.engine ?? info).recursiveReadOnly,
    }),
    devices: new NodeDevices({ ...view, devices: options.settings.devices, gpus: await gpusOf(info) }),
    config: objects,
    services: view.services,
    say,
    node: { name: nodeName, ip: nodeIp, memoryBytes: info.memoryBytes, allocatable },
    ownership: { cluster: clusterId, node: nodeName },
    dns,
    seccompDirectory: join(dataDir, 'seccomp'),
    runtimeHandler: runtimeHandlers(client, answers),
    execSlots: new Semaphore(EXEC_PROBE_SLOTS),
    quietPace: new QuietPace(),
    deletedLogs: new DeletedLogs({ dataDir, now, logger }),
    logLinks: new LogLinks({ logger }),
    meters,
    now,
    logger,
  }
}

async function gpusOf({ nvidia, dataRoot }: RuntimeInfo): Promise<readonly string[]> {
  return nvidia ? (await machineFacts(dataRoot)).gpus : []
}

function podEvents({ client, nodeName, now, random, logger }: RunAgentOptions): SayEvent {
  const recorder = createEventRecorder({ client, component: 'kubelet', host: nodeName, clock: now, random, logger })
  return (pod, type, reason, message, container) => {
    const fieldPath = container === undefined ? undefined : fieldPathOf(pod, container)
    const subject = { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata, ...(fieldPath ? { fieldPath } : {}) }
    recorder.event(subject, type, reason, message)
  }
}
