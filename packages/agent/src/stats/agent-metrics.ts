/** The agent's own `/metrics`, under the kubelet's names. */

import { type Pod, podIsTerminal } from '@skiff/api'
import type { MetricFamily } from '@skiff/client'
import type { PodContainers } from '../runtime/runtime.ts'
import { text } from './cgroup.ts'
import type { VolumeDisk } from './pod-disk.ts'
import { gauge } from './resource-metrics.ts'

export interface AgentMetricsInput {
  readonly nodeName: string
  readonly pods: readonly Pod[]
  readonly observed: readonly PodContainers[]
  readonly claims: readonly { readonly namespace: string; readonly volume: VolumeDisk }[]
}

export function agentFamilies({ nodeName, pods, observed, claims }: AgentMetricsInput): readonly MetricFamily[] {
  const states = Map.groupBy(
    observed.flatMap(({ containers }) => containers),
    ({ phase }) => phase,
  )
  const active = Map.groupBy(
    pods.filter((pod) => !podIsTerminal(pod)),
    isStatic,
  )
  const running = observed.filter(({ sandboxes }) => sandboxes.some(({ phase }) => phase === 'running'))
  return [
    gauge('kubelet_node_name', "The node's name. The count is always 1.", [{ labels: { node: nodeName }, value: 1 }]),
    gauge('kubelet_desired_pods', 'Pods that are to run here.', [
      { labels: {}, value: pods.filter((pod) => !podIsTerminal(pod)).length },
    ]),
    gauge(
      'kubelet_active_pods',
      'Pods that count when new ones are admitted. static is true if the pod is not from the API server.',
      // Upstream's label of what isn't static is empty.
      [
        { labels: { static: '' }, value: active.get(false)?.length ?? 0 },
        { labels: { static: 'true' }, value: active.get(true)?.length ?? 0 },
      ],
    ),
    gauge('kubelet_mirror_pods', 'Mirror pods that are to be there, one for each static pod.', [
      { labels: {}, value: pods.filter(isStatic).length },
    ]),
    gauge('kubelet_running_pods', 'Pods that have a running sandbox.', [{ labels: {}, value: running.length }]),
    gauge(
      'kubelet_running_containers',
      'Containers by state.',
      [...states].map(([phase, found]) => ({ labels: { container_state: phase }, value: found.length })),
    ),
    ...VOLUME_FIGURES.map(([name, key]) =>
      gauge(
        `kubelet_volume_stats_${name}`,
        `Of a claim's volume: ${name.replaceAll('_', ' ')}.`,
        claims.map(({ namespace, volume }) => ({
          labels: { namespace, persistentvolumeclaim: volume.claim ?? '' },
          value: volume.fs[key],
        })),
      ),
    ),
    ...processFamilies(),
  ]
}

function isStatic({ metadata }: Pod): boolean {
  const source = metadata.annotations?.['kubernetes.io/config.source']
  return source !== undefined && source !== 'api'
}

const VOLUME_FIGURES = [
  ['capacity_bytes', 'capacityBytes'],
  ['available_bytes', 'availableBytes'],
  ['used_bytes', 'usedBytes'],
  ['inodes', 'inodes'],
  ['inodes_free', 'inodesFree'],
  ['inodes_used', 'inodesUsed'],
] as const

function processFamilies(): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage()
  const one = (name: string, help: string, value: number): MetricFamily => gauge(name, help, [{ labels: {}, value }])
  const startedAt = Date.now() / 1000 - process.uptime()
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      type: 'counter',
      samples: [{ labels: {}, value: (user + system) / 1e6 }],
    },
    one('process_resident_memory_bytes', 'Resident memory size in bytes.', process.memoryUsage.rss()),
    one('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', Math.floor(startedAt)),
    one('process_threads', 'Threads of the process.', Number(/^Threads:\s+(\d+)$/m.exec(text('/proc/self/status'))?.[1] ?? 0)),
  ]
}
