/** A master that restarts under hundreds of agents. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type KindInfo, PODS, type Pod, SERVICE_ACCOUNTS } from '@skiff/api'
import { ApiClient, createInformer, type Informer } from '@skiff/client'
import type { Master } from '@skiff/master'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepHeartbeats } from '../../packages/agent/src/node/heartbeat-stream.ts'
import { startLocalMaster } from '../support/local-master.ts'
import { waitFor } from '../support/wait-for.ts'

const AGENTS = 500
/** Those on whose nodes something happens before they are back. */
const BUSY_AGENTS = 25
/** So many connections and handshakes take their time where the processor is not ours alone. */
const LONGEST_MS = 120_000
const SILENT = pino({ level: 'silent' })

let directory: string
let master: Master
let admin: ApiClient
const abort = new AbortController()
let agents: SimulatedAgent[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-restart-'))
  master = await start()
  admin = new ApiClient({ server: `unix:${master.socketPath}`, userAgent: 'test' })
})
afterEach(async () => {
  abort.abort()
  await Promise.all(agents.map((agent) => agent.stopped))
  admin.close()
  await master.close()
  await rm(directory, { recursive: true, force: true })
})

function start(): Promise<Master> {
  return startLocalMaster(join(directory, 'master'))
}

/** What it asked the master for. */
class CountingClient extends ApiClient {
  lists = 0
  resumed = 0

  override list<T>(...args: Parameters<ApiClient['list']>) {
    this.lists += 1
    return super.list<T>(...args)
  }

  override watchBatches<T>(info: KindInfo, options: Parameters<ApiClient['watch']>[1]) {
    if (options.sendInitialEvents) this.lists += 1
    else this.resumed += 1
    return super.watchBatches<T>(info, options)
  }
}

/** As much of an agent as the master sees of an idle one: it watches its node's pods and beats. */
class SimulatedAgent {
  readonly client = new CountingClient({ server: `unix:${master.socketPath}`, userAgent: 'test' })
  readonly pods: Informer<Pod>
  readonly stopped: Promise<void>
  connections = 0
  /** Pods that it has ever heard of: those of a node that isn't there are soon taken away. */
  heardOf = 0

  constructor(node: string) {
    const common = { logger: SILENT, signal: abort.signal }
    this.pods = createInformer<Pod>(this.client, PODS, { ...common, fieldSelector: `spec.nodeName=${node}` })
    this.pods.onChange(({ type }) => {
      if (type === 'added') this.heardOf += 1
    })
    this.pods.start()
    this.stopped = keepHeartbeats({
      ...common,
      client: this.client,
      node,
      endpointsRevision: () => null,
      onRevision: () => () => undefined,
      onConnected: () => (this.connections += 1),
      random: Math.random,
    }).finally(() => this.client.close())
  }
}

test('500 agents go on where they were, without reading anything again', async () => {
  const names = Array.from({ length: AGENTS }, (_, index) => `node-${index}`)
  await waitFor('pods can be made', () => admin.get(SERVICE_ACCOUNTS, { namespace: 'default', name: 'default' }))
  agents = names.map((name) => new SimulatedAgent(name))
  await Promise.all(agents.map(({ pods }) => pods.synced))
  await waitFor('all beat', () => agents.every(({ connections }) => connections > 0), LONGEST_MS)
  // From here on the master is ahead of what the others have seen.
  await createPod('another-node')
  const connected = agents.map(({ connections }) => connections)
  const listed = agents.map(({ client }) => client.lists)

  await master.close()
  master = await start()
  const busy = agents.slice(0, BUSY_AGENTS)
  await Promise.all(names.slice(0, BUSY_AGENTS).map(createPod))

  await waitFor('what happened meanwhile is known', () => busy.every(({ heardOf }) => heardOf === 1), LONGEST_MS)
  await waitFor('all watch again', async () => (await podWatches()) >= AGENTS, LONGEST_MS)
  await waitFor(
    'all beat again',
    () => agents.every(({ connections }, index) => connections > (connected[index] ?? 0)),
    LONGEST_MS,
  )
  expect(agents.every(({ client }) => client.resumed > 0)).toBe(true)
  expect(agents.map(({ client }) => client.lists)).toEqual(listed)
}, 600_000)

async function createPod(nodeName: string): Promise<void> {
  const spec = { nodeName, containers: [{ name: 'main', image: 'app' }] }
  await admin.create<Pod>(PODS, { metadata: { name: `on-${nodeName}`, namespace: 'default' }, spec } as never)
}

/** Those that the master has open, by its own metrics. */
async function podWatches(): Promise<number> {
  const metrics = await text(await admin.stream('GET', '/metrics', {}))
  const line = /^apiserver_longrunning_requests\{[^}]*resource="pods"[^}]*\} (\d+)$/m.exec(metrics)
  return Number(line?.[1] ?? 0)
}
