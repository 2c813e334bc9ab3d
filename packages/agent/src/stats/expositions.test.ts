import { exposition } from '@skiff/client'
import { expect, test } from 'vitest'
import type { NodeSnapshot } from './agent-stats.ts'
import { cadvisorFamilies } from './cadvisor-metrics.ts'
import { type CgroupUsage, NO_USAGE, sumUsage } from './cgroup-usage.ts'
import type { Pressure } from './pressure.ts'
import { resourceFamilies } from './resource-metrics.ts'
import { summaryOf } from './summary.ts'

const AT = new Date('2026-01-01T00:01:00Z')
const STARTED = new Date('2026-01-01T00:00:00Z')
const FS = { capacityBytes: 1_000, availableBytes: 600, usedBytes: 400, inodes: 100, inodesFree: 60, inodesUsed: 40 }

const LAYER = { name: 'c', rootfsBytes: 50, logs: { bytes: 5, inodes: 1 } }
const DETAILS = {
  memory: { limitBytes: 4_096, swapLimitBytes: 8_192, reservedBytes: 0, mostUsedBytes: 2_500, limitHits: 3 },
  ...{ processes: 2, mostThreads: 100, files: { descriptors: 9, sockets: 4 }, mostFiles: 1_024 },
  devices: [
    {
      ...{ device: '/dev/sda', major: 8, minor: 0 },
      bytes: new Map([
        ['Read', 512],
        ['Write', 1_024],
      ]),
      requests: new Map([['Read', 1]]),
    },
  ],
}

function usage(cpuSeconds: number, workingSetBytes: number): CgroupUsage {
  return { ...NO_USAGE, cpu: { ...NO_USAGE.cpu, totalNs: cpuSeconds * 1e9 }, memory: { ...NO_USAGE.memory, workingSetBytes } }
}

/** What has waited for `seconds`, a tenth of it all at once. */
function pressure(seconds: number): Pressure {
  const averages = { avg10: 12.5, avg60: 3, avg300: 0.25 }
  return { some: { totalUs: seconds * 1e6, ...averages }, full: { totalUs: seconds * 1e5, ...averages } }
}

/** A node with one pod: a container within limits, and its sandbox. */
function snapshot({ hostNetwork = false } = {}): NodeSnapshot {
  const pod = { namespace: 'default', name: 'web', uid: 'u1' }
  const limits = { cpuShares: 102, cpuQuotaUs: 20_000, memoryBytes: 5_000 }
  const state = { id: 'c1', name: 'c', image: 'bb:1', createdAt: STARTED, startedAt: STARTED, limits }
  const packets = { rxPackets: 1, rxErrors: 0, rxDropped: 0, txPackets: 1, txErrors: 0, txDropped: 0 }
  return {
    nodeName: 'n1',
    at: AT,
    bootedAt: STARTED,
    host: { ...usage(100, 3_000), capacityBytes: 8_000, availableBytes: 5_000, mostProcesses: 99, uptimeSeconds: 60 },
    cpus: 2,
    hostNanoCores: 5e8,
    own: { ...usage(7, 2_000), uptimeSeconds: 30 },
    ownNanoCores: 1e7,
    hostPressures: { cpu: pressure(9), memory: pressure(8), io: pressure(7) },
    engine: { ...usage(20, 4_000), uptimeSeconds: 45 },
    engineNanoCores: 2e7,
    interfaces: [],
    defaultInterface: undefined,
    pods: [
      {
        pod: { metadata: pod, spec: { hostNetwork, containers: [] } },
        usage: {
          ...{ pod, at: AT, usage: sumUsage([usage(3, 1_000), usage(1, 10)]) },
          containers: [{ state, usage: usage(3, 1_000) }],
          interfaces: [{ name: 'eth0', rxBytes: 11, txBytes: 22, ...packets }],
        },
        nanoCores: new Map([['c1', 3e8]]),
        totalNanoCores: 3.5e8,
        pressures: new Map([['c1', { cpu: pressure(5), io: pressure(2.5) }]]),
        details: new Map([['c1', DETAILS]]),
        layers: new Map([['c1', LAYER]]),
        startedAt: STARTED,
        disk: {
          containers: [LAYER],
          volumes: [{ name: 'data', claim: 'mine', fs: FS }],
          ...{ ephemeralBytes: 55, ephemeralInodes: 1 },
        },
      },
    ],
    disk: { root: FS, images: FS },
  } as unknown as NodeSnapshot
}

test('/metrics/resource has node, pods and containers, each with the time of the look', () => {
  const text = exposition(resourceFamilies(snapshot()))
  for (const line of [
    'container_cpu_usage_seconds_total{container="c",namespace="default",pod="web"} 3 1767225660000',
    'container_memory_working_set_bytes{container="c",namespace="default",pod="web"} 1000 1767225660000',
    'container_start_time_seconds{container="c",namespace="default",pod="web"} 1767225600 1767225660000',
    'container_swap_usage_bytes{container="c",namespace="default",pod="web"} 0 1767225660000',
    'node_cpu_usage_seconds_total 100 1767225660000',
    'node_memory_working_set_bytes 3000 1767225660000',
    'pod_cpu_usage_seconds_total{namespace="default",pod="web"} 4 1767225660000',
    'pod_memory_working_set_bytes{namespace="default",pod="web"} 1010 1767225660000',
    'resource_scrape_error 0',
    'scrape_error 0',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

test('/metrics/cadvisor has the labels that dashboards select by', () => {
  const text = exposition(cadvisorFamilies(snapshot()))
  const container = 'container="c",id="/podu1/c1",image="bb:1",name="c1",namespace="default",pod="web"'
  const node = 'container="",id="/",image="",name="",namespace="",pod=""'
  const whole = 'container="",id="/podu1",image="",name="",namespace="default",pod="web"'
  for (const line of [
    `container_cpu_usage_seconds_total{${container}} 3 1767225660000`,
    `container_cpu_usage_seconds_total{${whole}} 4 1767225660000`,
    `container_spec_memory_limit_bytes{${container}} 4096 1767225660000`,
    `container_spec_memory_swap_limit_bytes{${container}} 8192 1767225660000`,
    `container_memory_max_usage_bytes{${container}} 2500 1767225660000`,
    `container_memory_failcnt{${container}} 3 1767225660000`,
    `container_processes{${container}} 2 1767225660000`,
    `container_threads_max{${container}} 100 1767225660000`,
    `container_file_descriptors{${container}} 9 1767225660000`,
    `container_sockets{${container}} 4 1767225660000`,
    `container_ulimits_soft{${container},ulimit="max_open_files"} 1024 1767225660000`,
    `container_fs_usage_bytes{${container},device=""} 4151 1767225660000`,
    `container_fs_writes_bytes_total{${container},device="/dev/sda"} 1024 1767225660000`,
    `container_fs_writes_total{${container},device="/dev/sda"} 0 1767225660000`,
    `container_blkio_device_usage_total{${container},device="/dev/sda",major="8",minor="0",operation="Read"} 512 1767225660000`,
    `container_cpu_cfs_throttled_seconds_total{${container}} 0 1767225660000`,
    `container_network_transmit_bytes_total{${whole},interface="eth0"} 22 1767225660000`,
    'machine_memory_bytes 8000',
    `container_pressure_cpu_waiting_seconds_total{${node}} 9 1767225660000`,
    `container_pressure_io_stalled_seconds_total{${container}} 0.25 1767225660000`,
  ]) {
    expect(text.split('\n')).toContain(line)
  }
  expect(exposition(cadvisorFamilies(snapshot({ hostNetwork: true })))).not.toContain('interface="eth0"')
  expect(text).not.toMatch(/container_pressure_memory_\w+\{container="c"|container_pressure_\w+\{container="",id="\/pod/)
})

test('a container that used no device has used 0 of none, and one that nobody looked into tells nothing of it', () => {
  const { pods, ...rest } = snapshot()
  const idle = pods.map((pod) => ({ ...pod, details: new Map([['c1', { ...DETAILS, devices: [] }]]) }))
  expect(exposition(cadvisorFamilies({ ...rest, pods: idle }))).toMatch(
    /^container_fs_reads_total\{container="c",.*device=""\} 0 /m,
  )
  const plain = pods.map(({ details: _, layers: __, ...pod }) => pod)
  expect(exposition(cadvisorFamilies({ ...rest, pods: plain }))).not.toMatch(/container_(fs|sockets|ulimits|blkio)/)
})

test('/stats/summary has what the kubelet’s has', () => {
  expect(summaryOf(snapshot())).toMatchObject({
    node: {
      nodeName: 'n1',
      cpu: { usageNanoCores: 5e8, usageCoreNanoSeconds: 1e11, psi: { full: { total: 900_000 }, some: { total: 9_000_000 } } },
      memory: { availableBytes: 5_000, workingSetBytes: 3_000, psi: { some: { avg10: 12.5, avg60: 3, avg300: 0.25 } } },
      io: { time: '2026-01-01T00:01:00Z', psi: { some: { total: 7_000_000 } } },
      fs: { capacityBytes: 1_000, inodesFree: 60 },
      runtime: { imageFs: { usedBytes: 400 }, containerFs: { usedBytes: 4_146 } },
      rlimit: { maxpid: 99 },
      systemContainers: [
        {
          name: 'kubelet',
          startTime: '2026-01-01T00:00:30Z',
          cpu: { usageNanoCores: 1e7, usageCoreNanoSeconds: 7e9 },
          memory: { workingSetBytes: 2_000 },
        },
        {
          name: 'runtime',
          startTime: '2026-01-01T00:00:15Z',
          cpu: { usageNanoCores: 2e7, usageCoreNanoSeconds: 2e10 },
          memory: { workingSetBytes: 4_000 },
        },
        { name: 'pods', cpu: { usageNanoCores: 3.5e8 } },
      ],
    },
    pods: [
      {
        podRef: { namespace: 'default', name: 'web', uid: 'u1' },
        cpu: { usageNanoCores: 3.5e8, usageCoreNanoSeconds: 4e9 },
        memory: { availableBytes: 3_990 },
        network: { name: 'eth0', rxBytes: 11, interfaces: [{ name: 'eth0' }] },
        containers: [
          {
            name: 'c',
            startTime: '2026-01-01T00:00:00Z',
            cpu: { usageNanoCores: 3e8, psi: { some: { total: 5_000_000 } } },
            io: { psi: { full: { total: 250_000 } } },
            memory: { workingSetBytes: 1_000, availableBytes: 4_000 },
            rootfs: { usedBytes: 4_146, availableBytes: 600 },
            logs: { usedBytes: 5 },
          },
        ],
        volume: [{ name: 'data', usedBytes: 400, pvcRef: { name: 'mine', namespace: 'default' } }],
        'ephemeral-storage': { usedBytes: 55 },
      },
    ],
  })
})

test('a summary of processors and memory alone has nothing that takes a walk through files', () => {
  const { disk: _, pods, ...rest } = snapshot()
  const text = JSON.stringify(summaryOf({ ...rest, pods: pods.map(({ disk: __, ...pod }) => pod) }))
  expect(text).toContain('usageNanoCores')
  expect(text).toContain('"psi"')
  expect(text).not.toMatch(/"(fs|rootfs|logs|volume|network|io)"/)
})

test('what a kernel doesn’t tell and what can’t be seen of the engine is left out', () => {
  const { hostPressures: _, engine: __, engineNanoCores: ___, pods, ...rest } = snapshot()
  const bare = { ...rest, hostPressures: {}, pods: pods.map((pod) => ({ ...pod, pressures: new Map([['c1', {}]]) })) }
  expect(JSON.stringify(summaryOf(bare))).not.toMatch(/"(psi|io|runtime)":(?!\{"imageFs)|"name":"runtime"/)
  expect(exposition(cadvisorFamilies(bare))).not.toContain('container_pressure')
})
