/** The kubelet's `/stats/summary` (stats/v1alpha1). Pure. */

import { rfc3339 } from '@skiff/api'
import { podLimitsOf } from '../cgroups/pod-limits.ts'
import type { NodeSnapshot, PodSnapshot } from './agent-stats.ts'
import type { CgroupUsage, MemoryUsage } from './cgroup-usage.ts'
import type { FsUsage } from './host-usage.ts'
import type { InterfaceUsage } from './network-usage.ts'
import { type ContainerDisk, layerBytes } from './pod-disk.ts'
import type { Pressure, Stall } from './pressure.ts'
import type { ProcessUsage } from './process-usage.ts'
import type { ContainerUsage, PodUsage } from './resource-usage.ts'

/** What was not asked for (`only_cpu_and_memory`) isn't there. */
export function summaryOf(snapshot: NodeSnapshot): object {
  return { node: nodeStats(snapshot), pods: snapshot.pods.map((pod) => podStats(pod, snapshot)) }
}

function nodeStats(snapshot: NodeSnapshot): object {
  const { nodeName, at, bootedAt, host, hostNanoCores, hostPressures, disk } = snapshot
  const base = {
    nodeName,
    startTime: rfc3339(bootedAt),
    cpu: { ...cpuStats(host, hostNanoCores, at), ...psi(hostPressures?.cpu) },
    memory: { ...memoryStats(host.memory, at), availableBytes: host.availableBytes, ...psi(hostPressures?.memory) },
    swap: { time: rfc3339(at), swapUsageBytes: host.memory.swapBytes },
    systemContainers: systemContainers(snapshot),
  }
  if (disk === undefined) return base
  return {
    ...base,
    ...ioStats(hostPressures?.io, at),
    network: networkStats(snapshot.interfaces, snapshot.defaultInterface, at),
    fs: disk.root && fsStats(disk.root, at),
    runtime: {
      imageFs: disk.images && fsStats(disk.images, at),
      containerFs: disk.images && fsStats({ ...disk.images, usedBytes: writtenBytes(snapshot) }, at),
    },
    rlimit: { time: rfc3339(at), maxpid: host.mostProcesses, curproc: host.processes },
  }
}

/** The agent is this node's kubelet. */
function systemContainers(snapshot: NodeSnapshot): readonly object[] {
  const { own, ownNanoCores, engine, engineNanoCores, at } = snapshot
  const runtime = engine && processStats(engine, engineNanoCores, at)
  return [
    { name: 'kubelet', ...processStats(own, ownNanoCores, at) },
    ...(runtime === undefined ? [] : [{ name: 'runtime', ...runtime }]),
    podsContainer(snapshot),
  ]
}

function processStats(used: ProcessUsage, usageNanoCores: number | undefined, at: Date): object {
  return {
    startTime: rfc3339(new Date(at.getTime() - used.uptimeSeconds * 1000)),
    cpu: cpuStats(used, usageNanoCores, at),
    memory: memoryStats(used.memory, at),
  }
}

/** All pods together, as the kubelet's cgroup of that name. */
function podsContainer({ pods, at, host }: NodeSnapshot): object {
  const sum = (of: (pod: PodSnapshot) => number) => pods.reduce((total, pod) => total + of(pod), 0)
  const workingSetBytes = sum(({ usage }) => usage.usage.memory.workingSetBytes)
  return {
    name: 'pods',
    startTime: rfc3339(at),
    cpu: {
      time: rfc3339(at),
      usageNanoCores: sum(({ totalNanoCores }) => totalNanoCores),
      usageCoreNanoSeconds: sum(({ usage }) => usage.usage.cpu.totalNs),
    },
    memory: {
      time: rfc3339(at),
      availableBytes: host.capacityBytes - workingSetBytes,
      usageBytes: sum(({ usage }) => usage.usage.memory.usageBytes),
      workingSetBytes,
      rssBytes: sum(({ usage }) => usage.usage.memory.rssBytes),
      pageFaults: sum(({ usage }) => usage.usage.memory.pageFaults),
      majorPageFaults: sum(({ usage }) => usage.usage.memory.majorPageFaults),
    },
  }
}

function writtenBytes({ pods }: NodeSnapshot): number {
  return pods.flatMap(({ disk }) => disk?.containers ?? []).reduce((total, container) => total + layerBytes(container), 0)
}

function podStats(snapshot: PodSnapshot, node: NodeSnapshot): object {
  const { pod, usage, totalNanoCores, startedAt, disk } = snapshot
  const { name, namespace = '', uid } = pod.metadata
  const base = {
    podRef: { name, namespace, uid },
    startTime: rfc3339(startedAt),
    containers: usage.containers.map((container) => containerStats(container, snapshot, node)),
    cpu: cpuStats(usage.usage, totalNanoCores, usage.at),
    memory: podMemoryStats(usage, podLimitsOf(pod.spec)?.memoryBytes),
    swap: { time: rfc3339(usage.at), swapUsageBytes: usage.usage.memory.swapBytes },
  }
  if (disk === undefined) return base
  const room = node.disk?.root
  const ephemeral = room && { ...room, usedBytes: disk.ephemeralBytes, inodesUsed: disk.ephemeralInodes }
  return {
    ...base,
    ...(pod.spec.hostNetwork ? {} : { network: networkStats(usage.interfaces, usage.interfaces[0]?.name, usage.at) }),
    volume: disk.volumes.map(({ name: volume, claim, fs }) => ({
      ...fsStats(fs, usage.at),
      name: volume,
      ...(claim === undefined ? {} : { pvcRef: { name: claim, namespace } }),
    })),
    'ephemeral-storage': ephemeral && fsStats(ephemeral, usage.at),
    process_stats: { process_count: usage.usage.processes },
  }
}

/** A pod has a limit of its own, or when all of its containers have one. */
function podMemoryStats({ usage, containers, at }: PodUsage, ownLimit = 0) {
  const memory = memoryStats(usage.memory, at)
  const limits = ownLimit > 0 ? [ownLimit] : containers.map(({ state }) => state.limits.memoryBytes)
  if (limits.length === 0 || limits.includes(0)) return memory
  const limit = limits.reduce((sum, each) => sum + each, 0)
  return { ...memory, availableBytes: Math.max(0, limit - usage.memory.workingSetBytes) }
}

function containerStats({ state, usage }: ContainerUsage, pod: PodSnapshot, node: NodeSnapshot) {
  const { nanoCores, usage: ofPod, pressures, disk } = pod
  const { memoryBytes: limit } = state.limits
  const waited = pressures?.get(state.id)
  const memory = { ...memoryStats(usage.memory, ofPod.at), ...psi(waited?.memory) }
  const onDisk = disk?.containers.find(({ name }) => name === state.name)
  return {
    name: state.name,
    startTime: rfc3339(state.startedAt ?? state.createdAt),
    cpu: { ...cpuStats(usage, nanoCores.get(state.id), ofPod.at), ...psi(waited?.cpu) },
    memory: limit > 0 ? { ...memory, availableBytes: Math.max(0, limit - usage.memory.workingSetBytes) } : memory,
    swap: { time: rfc3339(ofPod.at), swapUsageBytes: usage.memory.swapBytes },
    ...(disk === undefined ? {} : ioStats(waited?.io, ofPod.at)),
    ...(onDisk === undefined ? {} : containerFs(onDisk, node, ofPod.at)),
  }
}

function containerFs(onDisk: ContainerDisk, { disk }: NodeSnapshot, at: Date): object {
  const room = disk?.images
  const { logs } = onDisk
  return {
    rootfs: room && fsStats({ ...room, usedBytes: layerBytes(onDisk), inodesUsed: 0 }, at),
    logs: room && fsStats({ ...room, usedBytes: logs.bytes, inodesUsed: logs.inodes }, at),
  }
}

function cpuStats({ cpu }: CgroupUsage, usageNanoCores: number | undefined, at: Date): object {
  return {
    time: rfc3339(at),
    ...(usageNanoCores === undefined ? {} : { usageNanoCores }),
    usageCoreNanoSeconds: cpu.totalNs,
  }
}

function memoryStats(memory: MemoryUsage, at: Date) {
  const { usageBytes, workingSetBytes, rssBytes, pageFaults, majorPageFaults } = memory
  return { time: rfc3339(at), usageBytes, workingSetBytes, rssBytes, pageFaults, majorPageFaults }
}

function ioStats(pressure: Pressure | undefined, at: Date): object {
  return pressure === undefined ? {} : { io: { time: rfc3339(at), ...psi(pressure) } }
}

function psi(pressure: Pressure | undefined): object {
  return pressure === undefined ? {} : { psi: { full: psiData(pressure.full), some: psiData(pressure.some) } }
}

/** In microseconds, as kubelets do it, whatever their type says. */
function psiData({ totalUs, ...averages }: Stall): object {
  return { total: totalUs, ...averages }
}

function fsStats({ availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed }: FsUsage, at: Date) {
  return { time: rfc3339(at), availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed }
}

function networkStats(interfaces: readonly InterfaceUsage[], main: string | undefined, at: Date): object {
  const all = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({ name, rxBytes, rxErrors, txBytes, txErrors }))
  return { time: rfc3339(at), ...all.find(({ name }) => name === main), interfaces: all }
}
