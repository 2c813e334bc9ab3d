import { join } from 'node:path'
import type { AgentOptions } from '@skiff/agent'
import { FakeImages, FakePodCgroups, FakePodNetwork, type FakeRuntime } from '@skiff/agent/testing'
import type { JoinToken, Master } from '@skiff/master'
import { pino } from 'pino'

interface Joining {
  readonly master: Master
  readonly token: JoinToken
  /** The directory that holds each agent's own. */
  readonly directory: string
}

/** How an agent in this process joins the master, with an engine in memory. */
export function localAgentOptions({ master, token, directory }: Joining, nodeName: string, runtime: FakeRuntime) {
  return {
    server: master.server,
    token: token.token,
    caHash: token.caHash,
    nodeName,
    nodeIp: '127.0.0.1',
    dockerHost: 'unix:///nowhere',
    dataDir: join(directory, nodeName),
    port: 0,
    // This machine's own room concerns nobody.
    settings: { evictionHard: {} },
    engine: () => ({ runtime, images: new FakeImages(), network: new FakePodNetwork(), cgroups: new FakePodCgroups() }),
    logger: pino({ level: process.env.SKIFF_TEST_LOG ?? 'silent' }),
  } satisfies Omit<AgentOptions, 'signal'>
}
