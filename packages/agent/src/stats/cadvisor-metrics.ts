/** The kubelet's `/metrics/cadvisor`: the figures and labels that dashboards ask for. Pure. */

import type { Labels, MetricFamily } from '@skiff/client'
import { CPU_PERIOD_US } from '../runtime/cpu-units.ts'
import type { NodeSnapshot, PodSnapshot } from './agent-stats.ts'
import type { CgroupUsage } from './cgroup-usage.ts'
import type { ContainerDetails } from './container-details.ts'
import type { DeviceIo } from './device-io.ts'
import type { InterfaceUsage } from './network-usage.ts'
import { type ContainerDisk, layerBytes } from './pod-disk.ts'
import type { Pressure, Pressures } from './pressure.ts'
import { gauge } from './resource-metrics.ts'

export function cadvisorFamilies(snapshot: NodeSnapshot): readonly MetricFamily[] {
  const groups = [nodeGroup(snapshot), ...snapshot.pods.flatMap((pod) => [podGroup(pod), ...containerGroups(pod)])]
  return [
    ...FIGURES.map(({ name, help, type, of }) => ({
      name,
      help,
      type,
      samples: groups.flatMap((group) => {
        const value = of(group)
        return value === undefined ? [] : [{ labels: group.labels, value, at: group.at }]
      }),
    })),
    ...LABELLED_FIGURES.map(({ name, help, type, of }) => ({
      name,
      help,
      type,
      samples: groups.flatMap((group) =>
        of(group).map(({ labels, value }) => ({ labels: { ...group.labels, ...labels }, value, at: group.at })),
      ),
    })),
    ...NETWORK_FIGURES.map(({ name, help, of }) => ({
      name: `container_network_${name}_total`,
      help,
      type: 'counter' as const,
      samples: groups.flatMap(({ labels, interfaces, at }) =>
        interfaces.map((each) => ({ labels: { ...labels, interface: each.name }, value: of(each), at })),
      ),
    })),
    gauge('machine_cpu_cores', 'Number of logical CPU cores.', [{ labels: {}, value: snapshot.cpus }]),
    gauge('machine_memory_bytes', 'Amount of memory installed on the machine.', [
      { labels: {}, value: snapshot.host.capacityBytes },
    ]),
  ]
}

/** A control group, or what stands for one: the host, a pod. */
interface Group {
  readonly labels: Labels
  readonly used: CgroupUsage
  readonly at: Date
  readonly startedAt: Date
  readonly interfaces: readonly InterfaceUsage[]
  readonly pressures?: Pressures | undefined
  readonly limits?: { readonly cpuShares: number; readonly cpuQuotaUs: number; readonly memoryBytes: number }
  /** Of a container, if somebody asked for them. */
  readonly details?: ContainerDetails | undefined
  readonly layer?: ContainerDisk | undefined
}

function nodeGroup({ host, hostPressures, at, bootedAt, interfaces }: NodeSnapshot): Group {
  return { labels: labelsOf({ id: '/' }), used: host, at, startedAt: bootedAt, interfaces, pressures: hostPressures }
}

/** Pods have no group of their own here; theirs is the sum, and the network. Times of waiting don't add up: they may be the same. */
function podGroup({ pod, usage, startedAt }: PodSnapshot): Group {
  const { namespace, name, uid } = usage.pod
  const labels = labelsOf({ id: `/pod${uid}`, namespace, pod: name })
  const interfaces = pod.spec.hostNetwork ? [] : usage.interfaces
  return { labels, used: usage.usage, at: usage.at, startedAt, interfaces }
}

function containerGroups({ usage, pressures, details, layers }: PodSnapshot): readonly Group[] {
  const { namespace, name: pod, uid } = usage.pod
  return usage.containers.map(({ state, usage: used }) => ({
    labels: labelsOf({
      ...{ container: state.name, id: `/pod${uid}/${state.id}`, image: state.image, name: state.id },
      ...{ namespace, pod },
    }),
    used,
    at: usage.at,
    startedAt: state.startedAt ?? state.createdAt,
    interfaces: [],
    pressures: pressures?.get(state.id),
    limits: state.limits,
    details: details?.get(state.id),
    layer: layers?.get(state.id),
  }))
}

function labelsOf(known: Labels): Labels {
  return { container: '', id: '', image: '', name: '', namespace: '', pod: '', ...known }
}

interface Figure {
  readonly name: string
  readonly help: string
  readonly type: MetricFamily['type']
  /** Undefined: it has none. */
  readonly of: (group: Group) => number | undefined
}

const FIGURES: readonly Figure[] = [
  counter('container_cpu_usage_seconds_total', 'Cumulative cpu time consumed in seconds.', ({ used }) => used.cpu.totalNs / 1e9),
  counter(
    'container_cpu_user_seconds_total',
    'Cumulative user cpu time consumed in seconds.',
    ({ used }) => used.cpu.userNs / 1e9,
  ),
  counter(
    'container_cpu_system_seconds_total',
    'Cumulative system cpu time consumed in seconds.',
    ({ used }) => used.cpu.systemNs / 1e9,
  ),
  counter('container_cpu_cfs_periods_total', 'Number of elapsed enforcement period intervals.', throttling('periods')),
  counter('container_cpu_cfs_throttled_periods_total', 'Number of throttled period intervals.', throttling('throttledPeriods')),
  counter('container_cpu_cfs_throttled_seconds_total', 'Total time duration the container has been throttled.', (group) => {
    const ns = throttling('throttledNs')(group)
    return ns === undefined ? undefined : ns / 1e9
  }),
  figure(
    'container_memory_usage_bytes',
    'Current memory usage in bytes, including all memory regardless of when it was accessed',
    ({ used }) => used.memory.usageBytes,
  ),
  figure('container_memory_working_set_bytes', 'Current working set in bytes.', ({ used }) => used.memory.workingSetBytes),
  figure('container_memory_rss', 'Size of RSS in bytes.', ({ used }) => used.memory.rssBytes),
  figure('container_memory_cache', 'Number of bytes of page cache memory.', ({ used }) => used.memory.cacheBytes),
  figure('container_memory_mapped_file', 'Size of memory mapped files in bytes.', ({ used }) => used.memory.mappedBytes),
  figure('container_memory_swap', 'Container swap usage in bytes.', ({ used }) => used.memory.swapBytes),
  counter(
    'container_oom_events_total',
    'Count of out of memory events observed for the container',
    ({ used }) => used.memory.oomKills,
  ),
  figure('container_memory_max_usage_bytes', 'Maximum memory usage recorded in bytes', memoryDetail('mostUsedBytes')),
  counter('container_memory_failcnt', 'Number of memory usage hits limits', memoryDetail('limitHits')),
  figure('container_threads', 'Number of threads running inside the container', ({ used }) => used.processes),
  figure(
    'container_threads_max',
    'Maximum number of threads allowed inside the container, infinity if value is zero',
    ({ details }) => details?.mostThreads,
  ),
  figure('container_processes', 'Number of processes running inside the container.', ({ details }) => details?.processes),
  figure(
    'container_file_descriptors',
    'Number of open file descriptors for the container.',
    ({ details }) => details?.files.descriptors,
  ),
  figure('container_sockets', 'Number of open sockets for the container.', ({ details }) => details?.files.sockets),
  figure('container_start_time_seconds', 'Start time of the container since unix epoch in seconds.', ({ startedAt }) =>
    Math.floor(startedAt.getTime() / 1000),
  ),
  figure('container_last_seen', 'Last time a container was seen by the exporter', ({ at }) => Math.floor(at.getTime() / 1000)),
  figure('container_spec_cpu_shares', 'CPU share of the container.', ({ limits }) => limits?.cpuShares),
  figure('container_spec_cpu_quota', 'CPU quota of the container.', ({ limits }) =>
    limits?.cpuQuotaUs ? limits.cpuQuotaUs : undefined,
  ),
  figure('container_spec_cpu_period', 'CPU period of the container.', ({ limits }) => limits && CPU_PERIOD_US),
  figure(
    'container_spec_memory_limit_bytes',
    'Memory limit for the container.',
    ({ details, limits }) => details?.memory.limitBytes ?? limits?.memoryBytes,
  ),
  figure('container_spec_memory_swap_limit_bytes', 'Memory swap limit for the container.', memoryDetail('swapLimitBytes')),
  figure(
    'container_spec_memory_reservation_limit_bytes',
    'Memory reservation limit for the container.',
    memoryDetail('reservedBytes'),
  ),
  ...waiting('cpu', 'CPU'),
  ...waiting('memory', 'memory'),
  ...waiting('io', 'IO'),
]

interface LabelledFigure extends Omit<Figure, 'of'> {
  readonly of: (group: Group) => readonly { readonly labels: Labels; readonly value: number }[]
}

const LABELLED_FIGURES: readonly LabelledFigure[] = [
  {
    name: 'container_memory_failures_total',
    help: 'Cumulative count of memory allocation failures.',
    type: 'counter',
    of: ({ used }) => [
      { labels: { failure_type: 'pgfault', scope: 'container' }, value: used.memory.pageFaults },
      { labels: { failure_type: 'pgmajfault', scope: 'container' }, value: used.memory.majorPageFaults },
    ],
  },
  {
    name: 'container_fs_usage_bytes',
    help: 'Number of bytes that are consumed by the container on this filesystem.',
    type: 'gauge',
    of: ({ layer }) => (layer ? [{ labels: { device: '' }, value: layerBytes(layer) + layer.logs.bytes }] : []),
  },
  deviceFigure('container_fs_reads_bytes_total', 'Cumulative count of bytes read', ({ bytes }) => bytes.get('Read')),
  deviceFigure('container_fs_reads_total', 'Cumulative count of reads completed', ({ requests }) => requests.get('Read')),
  deviceFigure('container_fs_writes_bytes_total', 'Cumulative count of bytes written', ({ bytes }) => bytes.get('Write')),
  deviceFigure('container_fs_writes_total', 'Cumulative count of writes completed', ({ requests }) => requests.get('Write')),
  {
    name: 'container_blkio_device_usage_total',
    help: 'Blkio Device bytes usage',
    type: 'counter',
    of: (group) =>
      devicesOf(group).flatMap(({ device, major, minor, bytes }) =>
        [...bytes].map(([operation, value]) => ({ labels: { device, major: `${major}`, minor: `${minor}`, operation }, value })),
      ),
  },
  {
    name: 'container_ulimits_soft',
    help: 'Soft ulimit values for the container root process. Unlimited if -1, except priority and nice',
    type: 'gauge',
    of: ({ details }) =>
      details?.mostFiles === undefined ? [] : [{ labels: { ulimit: 'max_open_files' }, value: details.mostFiles }],
  },
]

const NETWORK_FIGURES: readonly {
  readonly name: string
  readonly help: string
  readonly of: (each: InterfaceUsage) => number
}[] = [
  { name: 'receive_bytes', help: 'Cumulative count of bytes received', of: ({ rxBytes }) => rxBytes },
  { name: 'receive_packets', help: 'Cumulative count of packets received', of: ({ rxPackets }) => rxPackets },
  { name: 'receive_errors', help: 'Cumulative count of errors encountered while receiving', of: ({ rxErrors }) => rxErrors },
  {
    name: 'receive_packets_dropped',
    help: 'Cumulative count of packets dropped while receiving',
    of: ({ rxDropped }) => rxDropped,
  },
  { name: 'transmit_bytes', help: 'Cumulative count of bytes transmitted', of: ({ txBytes }) => txBytes },
  { name: 'transmit_packets', help: 'Cumulative count of packets transmitted', of: ({ txPackets }) => txPackets },
  { name: 'transmit_errors', help: 'Cumulative count of errors encountered while transmitting', of: ({ txErrors }) => txErrors },
  {
    name: 'transmit_packets_dropped',
    help: 'Cumulative count of packets dropped while transmitting',
    of: ({ txDropped }) => txDropped,
  },
]

function figure(name: string, help: string, of: Figure['of']): Figure {
  return { name, help, of, type: 'gauge' }
}

function counter(name: string, help: string, of: Figure['of']): Figure {
  return { name, help, of, type: 'counter' }
}

function memoryDetail(key: keyof ContainerDetails['memory']): Figure['of'] {
  return ({ details }) => details?.memory[key]
}

function deviceFigure(name: string, help: string, of: (io: DeviceIo) => number | undefined): LabelledFigure {
  const samples: LabelledFigure['of'] = (group) =>
    devicesOf(group).map((io) => ({ labels: { device: io.device }, value: of(io) ?? 0 }))
  return { name, help, type: 'counter', of: samples }
}

const NO_IO = new Map([
  ['Read', 0],
  ['Write', 0],
])
const NO_DEVICE: DeviceIo = { device: '', major: 0, minor: 0, bytes: NO_IO, requests: NO_IO }

/** A container that used no device yet has used 0 of none: a family without it would look as if nobody had counted. */
function devicesOf({ details }: Group): readonly DeviceIo[] {
  if (details === undefined) return []
  return details.devices.length > 0 ? details.devices : [NO_DEVICE]
}

/** Only what has a quota is ever throttled. */
function throttling(key: 'periods' | 'throttledPeriods' | 'throttledNs'): Figure['of'] {
  return ({ used, limits }) => (limits?.cpuQuotaUs ? used.cpu[key] : undefined)
}

function waiting(resource: keyof Pressures, called: string): readonly Figure[] {
  const all = `Total time duration no tasks in the container could make progress due to ${called} congestion.`
  const some = `Total time duration tasks in the container have waited due to ${called} congestion.`
  const seconds = (pressure: Pressure | undefined, kind: keyof Pressure) => pressure && pressure[kind].totalUs / 1e6
  const name = `container_pressure_${resource}`
  return [
    counter(`${name}_stalled_seconds_total`, all, ({ pressures }) => seconds(pressures?.[resource], 'full')),
    counter(`${name}_waiting_seconds_total`, some, ({ pressures }) => seconds(pressures?.[resource], 'some')),
  ]
}
