/** The kubelet's `/metrics/resource`. Pure. */

import type { MetricFamily, Sample } from '@skiff/client'
import type { NodeSnapshot } from './agent-stats.ts'

/** @param failed reading them failed, in part at least */
export function resourceFamilies({ host, at, pods }: NodeSnapshot, failed = false): readonly MetricFamily[] {
  const containers = pods.flatMap(({ usage }) =>
    usage.containers.map(({ state, usage: used }) => {
      const labels = { container: state.name, namespace: usage.pod.namespace, pod: usage.pod.name }
      return { labels, used, state, at: usage.at }
    }),
  )
  const wholes = pods.map(({ usage }) => {
    const labels = { namespace: usage.pod.namespace, pod: usage.pod.name }
    return { labels, used: usage.usage, at: usage.at }
  })
  const node = [{ labels: {}, used: host, at }]
  return [
    ...[...named('container', containers), ...named('node', node), ...named('pod', wholes)],
    gauge('container_start_time_seconds', 'Start time of the container since unix epoch in seconds', [
      ...containers.map(({ labels, state, at: measured }) => ({
        labels,
        value: (state.startedAt ?? state.createdAt).getTime() / 1000,
        at: measured,
      })),
    ]),
    gauge('resource_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', [
      { labels: {}, value: failed ? 1 : 0 },
    ]),
    gauge('scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', [
      { labels: {}, value: failed ? 1 : 0 },
    ]),
  ]
}

interface Measured {
  readonly labels: Sample['labels']
  readonly used: NodeSnapshot['host'] | NodeSnapshot['pods'][number]['usage']['usage']
  readonly at: Date
}

function named(what: 'node' | 'pod' | 'container', measured: readonly Measured[]): readonly MetricFamily[] {
  const samples = (of: (used: Measured['used']) => number) =>
    measured.map(({ labels, used, at }) => ({ labels, value: of(used), at }))
  return [
    {
      name: `${what}_cpu_usage_seconds_total`,
      help: `Cumulative cpu time consumed by the ${what} in core-seconds`,
      type: 'counter',
      samples: samples(({ cpu }) => cpu.totalNs / 1e9),
    },
    gauge(
      `${what}_memory_working_set_bytes`,
      `Current working set of the ${what} in bytes`,
      samples(({ memory }) => memory.workingSetBytes),
    ),
    gauge(
      `${what}_swap_usage_bytes`,
      `Current amount of the ${what} swap usage in bytes`,
      samples(({ memory }) => memory.swapBytes),
    ),
  ]
}

export function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples }
}
