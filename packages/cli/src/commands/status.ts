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
    /** Why it has no address. */
    readonly note?: string
  }[]
  readonly pods: {
    readonly running: number
    readonly ready: number
    readonly total: number
    /** Those that have done their work. */
    readonly succeeded: number
    /** Those that should be ready and aren't, with one word on each. */
    readonly unready: readonly { readonly namespace: string; readonly name: string; readonly state: string }[]
  }
}

/** Of pods that aren't ready so many are named. */
const MOST_NAMED = 10
const LEAVING = 'Terminating'
const NO_ENDPOINT = 'no ready endpoint'

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
      ready: pods.items.filter(isHere).length,
      succeeded: pods.items.filter(hasSucceeded).length,
      unready: pods.items
        .filter((pod) => !isHere(pod) && !hasSucceeded(pod))
        .map((pod) => ({ namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, state: stateOf(pod) })),
    },
  }
}

/** A pod that leaves may be ready to its end. */
function isHere(pod: Pod): boolean {
  return podIsReady(pod) && pod.metadata.deletionTimestamp === undefined
}

function hasSucceeded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded'
}

function stateOf({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return LEAVING
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
  const addresses = endpoints.size === 0 ? [] : addressesOfService(service, nodes)
  const note = addresses.length > 0 ? {} : { note: whyNoAddress(service, endpoints.size) }
  return { namespace, name, endpoints: endpoints.size, addresses, ...note }
}

function whyNoAddress({ spec }: Service, endpoints: number): string {
  if (spec.type === 'ExternalName') return `a name for ${spec.externalName}`
  if (endpoints === 0) return NO_ENDPOINT
  return spec.clusterIP === 'None' ? 'headless: its name leads to its pods' : 'no TCP port'
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
  const nodes = cluster.nodes.map((node) => [
    node.name,
    node.ready ? 'Ready' : 'NotReady',
    node.address,
    `${node.pods} pod${node.pods === 1 ? '' : 's'}`,
  ])
  const deployments = cluster.deployments.map((d) => [d.namespace, d.name, `${d.ready}/${d.wanted} ready`])
  const services = cluster.services.flatMap((service) => {
    const [first = service.note ?? '', ...rest] = service.addresses
    return [[service.namespace, service.name, first], ...rest.map((address) => ['', '', address])]
  })
  const section = (title: string, rows: string[][]) => (rows.length === 0 ? '' : `${title}\n${indent(alignColumns(rows))}\n`)
  return `${section('Nodes', nodes)}${section('Deployments', deployments)}${section('Services', services)}${podsText(cluster.pods)}${nextText(cluster)}`
}

function podsText({ ready, total, succeeded, unready }: ClusterStatus['pods']): string {
  if (total === 0) return 'Pods: none\n'
  const done = succeeded === 0 ? '' : `, ${succeeded} done`
  return `Pods: ${ready} of ${total - succeeded} ready${done}\n${unreadyText(unready)}`
}

function unreadyText(unready: ClusterStatus['pods']['unready']): string {
  if (unready.length === 0) return ''
  const rows = unready.slice(0, MOST_NAMED).map(({ namespace, name, state }) => [namespace, name, state])
  const more = unready.length > MOST_NAMED ? `  and ${unready.length - MOST_NAMED} more\n` : ''
  return `${indent(alignColumns(rows))}${more}`
}

/** What to type next: a sick node is the reason of much else. */
function nextText({ nodes, pods, services }: ClusterStatus): string {
  const node = nodes.find(({ ready }) => !ready)
  const pod = pods.unready.find(({ state }) => state !== LEAVING)
  const service = services.find(({ note }) => note === NO_ENDPOINT)
  const what =
    (node && `node ${node.name}`) ?? (pod && `pod ${inNamespace(pod)}`) ?? (service && `service ${inNamespace(service)}`)
  return what === undefined ? '' : `What is wrong, and what to do: skiff why ${what}\n`
}

function inNamespace({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === 'default' ? name : `${name} -n ${namespace}`
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
