import { randomUUID } from 'node:crypto'
import { type KubeObject, NAMESPACES } from '@skiff/api'
import { createMemoryStore } from '@skiff/store'
import { pino } from 'pino'
import { type ApiServerOptions, contextOf } from '../api-server.ts'
import { createApp } from '../http/app.ts'
import { Connections, type ListenerKind } from '../http/connections.ts'
import { NodeLiveness } from '../liveness/node-liveness.ts'
import { Registry } from '../registry/registry.ts'
import { BUILT_IN_RESOURCES } from '../resources/index.ts'
import { TEST_CLUSTER } from '../testing.ts'
import type { FuzzRequest } from './requests.ts'

const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
const NOTHING_IS_REFUSED = { mutate: () => undefined, validate: () => undefined }

export interface InProcessServer {
  readonly registry: Registry
  send(request: FuzzRequest): Promise<{ readonly status: number; readonly body: string }>
  /** What the server logged as its own fault. */
  readonly faults: string[]
  close(): Promise<void>
}

/** A whole API server without a socket: requests go straight into it. */
export async function startInProcess(): Promise<InProcessServer> {
  const faults: string[] = []
  const store = createMemoryStore({ history: { maxEvents: 100, maxBytes: 1_000_000, maxAgeMs: 1_000 } })
  const clock = () => new Date()
  const registry = new Registry({
    store,
    resources: BUILT_IN_RESOURCES,
    cluster: TEST_CLUSTER,
    clock,
    random: Math.random,
    newUid: randomUUID,
  })
  await createNamespace(registry)
  const options: ApiServerOptions = {
    registry,
    authenticator: { authenticate: async () => ADMIN },
    authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
    admission: NOTHING_IS_REFUSED,
    liveness: new NodeLiveness(() => performance.now()),
    caCertificates: '',
    clock,
    random: Math.random,
    logger: pino({ level: 'error' }, { write: (line: string) => void faults.push(line) }),
  }
  const stopping = new AbortController()
  const app = createApp(contextOf(options, stopping.signal), new NoConnections())
  await app.ready()
  return {
    registry,
    faults,
    async send({ method, path, headers, body }) {
      const answer = await app.inject({
        method: method as 'GET',
        url: path,
        headers: { host: 'x', ...headers },
        ...(body === undefined ? {} : { payload: body }),
      })
      return { status: answer.statusCode, body: answer.body }
    },
    async close() {
      stopping.abort()
      await app.close()
      await store.close()
    },
  }
}

class NoConnections extends Connections {
  override kindOf(): ListenerKind {
    return 'insecure'
  }
}

async function createNamespace(registry: Registry): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fuzz' } } as unknown as KubeObject
  const write = { user: ADMIN, manager: 'test', dryRun: false, admission: NOTHING_IS_REFUSED, warn: () => undefined }
  await registry.find(NAMESPACES)?.create(namespace, '', write)
}
