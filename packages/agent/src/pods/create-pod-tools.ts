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
/** So long others' writes go first: that a pod is ready, above all. */
const EVENT_PATIENCE_MS = 100

interface PodToolsOptions {
  readonly options: RunAgentOptions
  readonly info: RuntimeInfo
  readonly objects: ReferencedObjects
  readonly answers: LastAnswers
  readonly directories: LocalDirectories
  readonly reporter: NodeReporter
  readonly services: () => readonly Service[]
  readonly podList: () => readonly Pod[]
  readonly observed: () => readonly PodContainers[]
  readonly node: () => Node | undefined
  readonly pressures: () => ReadonlySet<PressureCondition>
  readonly meters: AgentMeters
}

/** What the workers of all pods have in common. */
export async function createPodTools({
  options,
  info,
  objects,
  answers,
  directories,
  reporter,
  services,
  podList,
  observed,
  node,
  pressures,
  meters,
}: PodToolsOptions): Promise<PodTools> {
  const { client, signal, runtime, images, network, now, logger, nodeName, nodeIp, clusterId, dataDir, ranges } = options
  const tokens = new ServiceAccountTokens({ client, answers, now })
  const dns = { nameserver: ranges.dnsIp, domain: ranges.clusterDomain }
  const say = podEvents(options)
  const allocatable = await reporter.allocatable(info)
  return {
    client,
    runtime,
    images,
    network,
    admission: new NodeAdmission({
      client,
      nodeName,
      node,
      allocatable,
      pods: podList,
      appArmor: () => (reporter.engine ?? info).appArmor,
      pressures,
    }),
    tokens,
    volumes: new PodVolumes({
      dataDir,
      warn: (pod, reason, message) => say(pod, 'Warning', reason, message),
      config: objects,
      tokens,
      claims: new VolumeClaims({ client, answers, node }),
      imageVolumes: new ImageVolumes({ images, runtime, config: objects, dataDir, say, signal }),
      directories,
      dns,
      recursiveReadOnly: () => (reporter.engine ?? info).recursiveReadOnly,
    }),
    devices: new NodeDevices({ devices: options.settings.devices, gpus: await gpusOf(info), pods: podList, observed }),
    config: objects,
    services,
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
  const recorder = createEventRecorder({
    client,
    component: 'kubelet',
    host: nodeName,
    clock: now,
    random,
    patienceMs: EVENT_PATIENCE_MS,
    logger,
  })
  return (pod, type, reason, message, container) => {
    const fieldPath = container === undefined ? undefined : fieldPathOf(pod, container)
    const subject = { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata, ...(fieldPath ? { fieldPath } : {}) }
    recorder.event(subject, type, reason, message)
  }
}
