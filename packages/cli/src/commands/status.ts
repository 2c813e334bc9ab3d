import {
  addressOfNode,
  DEPLOYMENTS,
  type Deployment,
  ENDPOINT_SLICES,
  type EndpointSlice,
  findCondition,
  NODES,
  type Node,
  nodeIsReady,
  PODS,
  type Pod,
  podIsReady,
  SERVICES,
  type Service,
} from '@skiff/api'
import { alignColumns } from '../columns.ts'
import { localClient } from '../local-client.ts'

interface StatusOptions {
  readonly home: string
  readonly output: string
}

export interface ClusterStatus {
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly address: string; readonly pods: number }[]
  readonly deployments: readonly {
    readonly namespace: string
    readonly name: string
    readonly ready: number
    readonly wanted: number
  }[]
  /** `addresses` answer HTTP requests from this machine (any TCP port of a Service that has a ready endpoint). */
  readonly services: readonly {
    readonly namespace: string
    readonly name: string
    readonly endpoints: number
    readonly addresses: readonly string[]
  }[]
  readonly pods: {
    readonly running: number
    readonly ready: number
    readonly total: number
    /** Those that should be ready and aren't, with one word on each. */
    readonly unready: readonly { readonly namespace: string; readonly name: string; readonly state: string }[]
  }
}

/** Of pods that aren't ready so many are named. */
const MOST_NAMED = 10

/** What runs, and where it is reached. */
export async function status({ home, output }: StatusOptions): Promise<void> {
  const cluster = await readStatus(home)
  process.stdout.write(output === 'json' ? `${JSON.stringify(cluster, null, 2)}\n` : statusText(cluster))
}

export async function readStatus(home: string): Promise<ClusterStatus> {
  const client = localClient(home)
  const [nodes, pods, deployments, services, slices] = await Promise.all([
    client.list<Node>(NODES),
    client.list<Pod>(PODS),
    client.list<Deployment>(DEPLOYMENTS),
    client.list<Service>(SERVICES),
    client.list<EndpointSlice>(ENDPOINT_SLICES),
  ])
  const podsOf = (node: string) => pods.items.filter((pod) => pod.spec.nodeName === node).length
  return {
    nodes: nodes.items.map((node) => ({
      name: node.metadata.name,
      ready: nodeIsReady(node),
      address: addressOfNode(node) ?? '',
      pods: podsOf(node.metadata.name),
    })),
    deployments: deployments.items.map((deployment) => ({
      namespace: deployment.metadata.namespace ?? '',
      name: deployment.metadata.name,
      ready: deployment.status?.readyReplicas ?? 0,
      wanted: deployment.spec.replicas ?? 1,
    })),
    services: services.items.filter(isUsers).map((service) => statusOfService(service, slices.items, nodes.items)),
    pods: {
      total: pods.items.length,
      running: pods.items.filter((pod) => pod.status?.phase === 'Running').length,
      ready: pods.items.filter(podIsReady).length,
      unready: pods.items
        .filter((pod) => !podIsReady(pod) && pod.status?.phase !== 'Succeeded')
        .map((pod) => ({ namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, state: stateOf(pod) })),
    },
  }
}

function stateOf({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = containers.find(({ ready, state }) => !ready && state?.waiting)?.state?.waiting?.reason
  const scheduled = findCondition(status?.conditions, 'PodScheduled')
  return status?.reason ?? waiting ?? (scheduled?.status === 'False' ? scheduled.reason : undefined) ?? status?.phase ?? 'Pending'
}

/** `default/kubernetes` is the API itself: it answers by HTTPS with the cluster's own certificate. */
function isUsers(service: Service): boolean {
  return !(service.metadata.namespace === 'default' && service.metadata.name === 'kubernetes')
}

function statusOfService(
  service: Service,
  slices: readonly EndpointSlice[],
  nodes: readonly Node[],
): ClusterStatus['services'][number] {
  const { namespace = '', name } = service.metadata
  const endpoints = new Set(
    slices
      .filter((slice) => slice.metadata.namespace === namespace && slice.metadata.labels?.['kubernetes.io/service-name'] === name)
      .flatMap((slice) =>
        (slice.endpoints ?? [])
          .filter((endpoint) => endpoint.conditions?.ready !== false)
          .flatMap((endpoint) => endpoint.addresses),
      ),
  )
  return { namespace, name, endpoints: endpoints.size, addresses: endpoints.size === 0 ? [] : addressesOfService(service, nodes) }
}

/** Where it answers: the Service's own address, then each ready node that says its own. */
export function addressesOfService(service: Service, nodes: readonly Node[]): string[] {
  const ports = (service.spec.ports ?? []).filter((port) => (port.protocol ?? 'TCP') === 'TCP')
  const ip = service.spec.clusterIP
  const inside = ip && ip !== 'None' ? ports.map((port) => httpUrl(ip, port.port)) : []
  const hosts = nodes.filter(nodeIsReady).flatMap((node) => addressOfNode(node) ?? [])
  const outside = ports.flatMap(({ nodePort }) => (nodePort ? hosts.map((host) => httpUrl(host, nodePort)) : []))
  return [...inside, ...outside]
}

function httpUrl(host: string, port: number): string {
  return `http://${host}${port === 80 ? '' : `:${port}`}/`
}

export function statusText(cluster: ClusterStatus): string {
  const nodes = cluster.nodes.map((node) => [node.name, node.ready ? 'Ready' : 'NotReady', node.address, `${node.pods} pods`])
  const deployments = cluster.deployments.map((d) => [d.namespace, d.name, `${d.ready}/${d.wanted} ready`])
  const services = cluster.services.flatMap((service) => {
    const [first = service.endpoints === 0 ? 'no ready endpoint' : 'no address', ...rest] = service.addresses
    return [[service.namespace, service.name, first], ...rest.map((address) => ['', '', address])]
  })
  const section = (title: string, rows: string[][]) => (rows.length === 0 ? '' : `${title}\n${indent(alignColumns(rows))}\n`)
  const { ready, total, unready } = cluster.pods
  const pods = `Pods: ${ready} of ${total} ready\n${unreadyText(unready)}`
  return `${section('Nodes', nodes)}${section('Deployments', deployments)}${section('Services', services)}${pods}`
}

function unreadyText(unready: ClusterStatus['pods']['unready']): string {
  if (unready.length === 0) return ''
  const rows = unready.slice(0, MOST_NAMED).map(({ namespace, name, state }) => [namespace, name, state])
  const more = unready.length > MOST_NAMED ? `  and ${unready.length - MOST_NAMED} more\n` : ''
  return `${indent(alignColumns(rows))}${more}What is wrong, and what to do: skiff why pod NAME -n NAMESPACE\n`
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
