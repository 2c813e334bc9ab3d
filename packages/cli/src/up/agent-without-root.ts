/** What `up` and `down` do where they aren't root: the agent, and everything that only root may do, goes into a container. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dockerHostOf } from '../docker-api.ts'
import { agentDirectory } from '../home.ts'
import { ensureAgentContainer, runInAgentContainer } from './agent-container.ts'
import type { AgentContainer } from './agent-container-options.ts'
import { SKIFF } from './machine.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..', '..')
const SOCKET = 'unix://'

export const isRoot = (): boolean => process.getuid?.() === 0

interface Start {
  readonly home: string
  readonly stamp: string
  /** `skiff agent` and its arguments. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export async function ensureAgentWithoutRoot({
  home,
  stamp,
  command,
  env,
}: Start): Promise<'started' | 'restarted' | 'unchanged'> {
  const dockerHost = dockerHostOf()
  const withSocket = command.includes('--docker-host') ? command : [...command, '--docker-host', dockerHost]
  return ensureAgentContainer(dockerHost, { ...containerOf(home, dockerHost), stamp, command: withSocket, env })
}

/** Only root may take away what the agent made: its container does it. */
export async function purgeWithoutRoot(home: string): Promise<void> {
  if (!existsSync(agentDirectory(home))) return
  const dockerHost = dockerHostOf()
  const command = [SKIFF, '--home', home, 'purge-agent', '--docker-host', dockerHost]
  await runInAgentContainer(dockerHost, { ...containerOf(home, dockerHost), command })
}

function containerOf(home: string, dockerHost: string): AgentContainer {
  return {
    home,
    dataDir: agentDirectory(home),
    root: ROOT,
    dockerSocket: dockerHost.replace(SOCKET, ''),
    command: [],
    env: {},
    stamp: '',
  }
}
