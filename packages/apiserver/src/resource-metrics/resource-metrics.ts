import {
  formatQuantity,
  type KubeObject,
  NODE_METRICS,
  NODES,
  type Node,
  POD_METRICS,
  PODS,
  type Pod,
  quantityOfBytes,
  rfc3339,
} from '@skiff/api'
import type { ObjectReader, VirtualResource } from '../registry/resource-definition.ts'
import { type AgentCredentials, Agents } from '../streaming/agent/agents.ts'
import { NodeReadings } from './node-readings.ts'
import type { ContainerReading, Usage } from './parse-summary.ts'

export interface ResourceMetricsOptions {
  readonly objects: ObjectReader
  readonly credentials: () => AgentCredentials
  readonly clock: () => Date
  readonly signal: AbortSignal
}

const SUMMARY = '/stats/summary?only_cpu_and_memory=true'
/** How far apart the agents' looks are. */
const WINDOW = '10s'

/** metrics.k8s.io: what nodes and pods use, as their agents say. For `kubectl top`, and for who scales by it. */
export function createResourceMetrics({ objects, credentials, clock, signal }: ResourceMetricsOptions): VirtualResource[] {
  const agents = new Agents({ objects, credentials })
  signal.addEventListener('abort', () => agents.close(), { once: true })
  const ask = (node: string, timeout: AbortSignal) => agents.get(node, SUMMARY, AbortSignal.any([timeout, signal]))
  const readings = new NodeReadings({ ask, clock })
  return [
    {
      info: NODE_METRICS,
      async list({ name }) {
        const nodes = objects.list<Node>(NODES).filter(({ metadata }) => name === '' || metadata.name === name)
        const found = await readings.of(nodes.map(({ metadata }) => metadata.name))
        return nodes.flatMap((node) => {
          const reading = found.get(node.metadata.name)
          return reading === undefined ? [] : [nodeMetrics(node, reading.node, clock())]
        })
      },
    },
    {
      info: POD_METRICS,
      async list({ namespace, name }) {
        const all = objects.list<Pod>(PODS, namespace === '' ? undefined : namespace)
        const pods = all.filter((pod) => isMeasured(pod) && (name === '' || pod.metadata.name === name))
        const found = await readings.of([...new Set(pods.map(({ spec }) => spec.nodeName ?? ''))])
        return pods.flatMap((pod) => {
          const containers = found.get(pod.spec.nodeName ?? '')?.pods.get(pod.metadata.uid)
          return containers?.length ? [podMetrics(pod, containers, clock())] : []
        })
      },
    },
  ]
}

/** An agent speaks for the pods that are bound to it, and for no others. */
function isMeasured({ spec, status }: Pod): boolean {
  return Boolean(spec.nodeName) && status?.phase === 'Running'
}

function nodeMetrics(node: Node, usage: Usage, now: Date): KubeObject {
  return { ...headOf(NODE_METRICS.kind, node, now), timestamp: usage.time, window: WINDOW, usage: resourceList(usage) } as never
}

function podMetrics(pod: Pod, containers: readonly ContainerReading[], now: Date): KubeObject {
  const oldest = containers.map(({ time }) => time).sort()[0] ?? rfc3339(now)
  return {
    ...headOf(POD_METRICS.kind, pod, now),
    timestamp: oldest,
    window: WINDOW,
    containers: containers.map((container) => ({ name: container.name, usage: resourceList(container) })),
  } as never
}

function headOf(kind: string, { metadata }: Node | Pod, now: Date): object {
  const { name, namespace, labels } = metadata
  return {
    kind,
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      creationTimestamp: rfc3339(now),
      ...(labels === undefined ? {} : { labels }),
    },
  }
}

function resourceList({ nanoCores, memoryBytes }: Usage): Record<string, string> {
  return { cpu: formatQuantity({ nanos: BigInt(nanoCores), format: 'DecimalSI' }), memory: quantityOfBytes(memoryBytes) }
}
