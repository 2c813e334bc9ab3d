import { type FakeRuntime, startTestAgent, type TestAgent, type TestAgentOptions } from '@skiff/agent/testing'
import { startTestApiServer, type TestApiServer } from '@skiff/apiserver/testing'
import type { ApiClient } from '@skiff/client'
import { Pods } from './pods.ts'

/** What every pod has whose spec doesn't say otherwise. */
export const C = { name: 'c', image: 'app:1' }

/** The node `node-1`, for one test: a real API server, and an agent that runs its pods on an engine in memory. */
export class TestNode implements AsyncDisposable {
  readonly api: TestApiServer
  readonly pods: Pods
  readonly #agents: TestAgent[] = []

  static async start(): Promise<TestNode> {
    const node = new TestNode(await startTestApiServer({ namespaces: ['default', 'kube-system', 'kube-node-lease'] }))
    await node.startAgent()
    return node
  }

  private constructor(api: TestApiServer) {
    this.api = api
    this.pods = new Pods(() => api.client, { spec: { nodeName: 'node-1', containers: [C] } })
  }

  get client(): ApiClient {
    return this.api.client
  }

  /** The one that was started last. */
  get agent(): TestAgent {
    const agent = this.#agents.at(-1)
    if (agent === undefined) throw new Error('no agent was started')
    return agent
  }

  get runtime(): FakeRuntime {
    return this.agent.runtime
  }

  /** Another agent in the place of the one that runs, with engine and directory of its own where none are given. */
  async startAgent(options: Omit<TestAgentOptions, 'client'> = {}): Promise<void> {
    await this.#agents.at(-1)?.stop()
    this.#agents.push(await startTestAgent({ ...options, client: this.client }))
  }

  /** The id of a container that runs. */
  idOf(podUid: string, container: string): string {
    const found = this.runtime.running(podUid, container)
    if (found === undefined) throw new Error(`${container} does not run`)
    return found.id
  }

  /** Names of the containers that were started, in order. */
  starts(): string[] {
    const start = 'startContainer '
    return this.runtime.calls.filter((call) => call.startsWith(start)).map((call) => call.slice(start.length))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents.toReversed()) await agent[Symbol.asyncDispose]()
    await this.api.close()
  }
}
