import { NODES, PODS } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { pino } from 'pino'
import { createApiServer } from '../../api-server.ts'
import type { UserInfo } from '../../http/request-context.ts'
import type { NodeLiveness } from '../../liveness/node-liveness.ts'
import { createResourceMetrics } from '../../resource-metrics/resource-metrics.ts'
import { startTestApiServer } from '../../testing.ts'
import { createStreaming } from '../index.ts'
import { startTestAgent, type TestAgent, type TestAgentOptions } from './test-agent.ts'
import { createTestAuthority } from './test-certificates.ts'

export interface StreamingCluster extends AsyncDisposable {
  readonly client: ApiClient
  readonly port: number
  readonly agent: TestAgent
  readonly liveness: NodeLiveness
}

export interface StreamingClusterOptions extends Pick<TestAgentOptions, 'onRequest' | 'onWebSocket'> {
  readonly user?: UserInfo
  /** What the agent's certificate says; node `n1` is where the pods are. */
  readonly agentNode?: string
  readonly containers?: readonly string[]
  readonly phase?: string
  /** By which figures of the agents are kept. */
  readonly clock?: () => Date
}

/** An API server with node `n1`, its agent, and pod `default/web` on it. */
export async function startStreamingCluster(options: StreamingClusterOptions = {}): Promise<StreamingCluster> {
  const {
    user = { name: 'admin', groups: ['system:masters'] },
    agentNode = 'n1',
    containers = ['c'],
    phase = 'Running',
  } = options
  const authority = await createTestAuthority()
  const agent = await startTestAgent({ ...options, authority, node: agentNode })
  const own = await authority.issue({ commonName: 'skiff-master', organizations: ['skiff:masters'], usage: 'client' })
  const base = await startTestApiServer()
  const stopping = new AbortController()
  const { registry, liveness } = base
  const reach = {
    objects: registry.objects,
    credentials: () => ({ authorityPem: authority.certificatePem, ...own }),
    signal: stopping.signal,
  }
  const server = await createApiServer({
    registry,
    liveness,
    authenticator: { authenticate: async () => user },
    authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
    admission: { mutate: () => undefined, validate: () => undefined },
    streaming: createStreaming({ liveness, ...reach }),
    virtualResources: createResourceMetrics({ ...reach, clock: options.clock ?? (() => new Date()) }),
    caCertificates: authority.certificatePem,
    clock: () => new Date(),
    random: Math.random,
    logger: pino({ level: 'silent' }),
  })
  const { port } = await server.listenInsecure({ host: '127.0.0.1', port: 0 })
  await createNodeAndPod(base.client, agent.port, containers, phase)
  return {
    client: new ApiClient({ server: `http://127.0.0.1:${port}`, userAgent: 'test' }),
    port,
    agent,
    liveness,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await server.close()
      await base.close()
      await agent[Symbol.asyncDispose]()
    },
  }
}

async function createNodeAndPod(
  client: ApiClient,
  agentPort: number,
  containers: readonly string[],
  phase: string,
): Promise<void> {
  await client.create(NODES, { metadata: { name: 'n1' } })
  const nodeStatus = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: agentPort } },
  }
  await client.patch(NODES, { name: 'n1', subresource: 'status' }, { type: 'merge', body: { status: nodeStatus } })
  const spec = { nodeName: 'n1', containers: containers.map((name) => ({ name, image: 'x', ports: [{ containerPort: 80 }] })) }
  const pod = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { ...spec, containers: spec.containers.map(withoutPortsAfterFirst) },
  }
  await client.create(PODS, pod)
  await client.patch(
    PODS,
    { name: 'web', namespace: 'default', subresource: 'status' },
    { type: 'merge', body: { status: { phase } } },
  )
}

function withoutPortsAfterFirst<T extends { ports: unknown }>(container: T, index: number): object {
  const { ports, ...rest } = container
  return index === 0 ? { ...rest, ports } : rest
}
