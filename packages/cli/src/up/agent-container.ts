/** The agent of a user without root: a container on the engine that the user may use, known by the home in its label. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { askDocker, DockerError, readDockerText } from '../docker-api.ts'
import { AGENT_IMAGE, type AgentContainer, agentContainerOptions, HOME_LABEL, STAMP_LABEL } from './agent-container-options.ts'

interface Inspected {
  readonly Id: string
  readonly State: { readonly Running: boolean; readonly Restarting: boolean; readonly ExitCode: number; readonly Error: string }
  readonly Config: { readonly Labels: Readonly<Record<string, string>> }
}

const STOP_SECONDS = 45
const ENDED_TIMEOUT_MS = 60_000

/** One per home, so that two users' don't meet. */
export function agentContainerName(home: string): string {
  return `skiff-agent-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`
}

/** Starts it unless it runs already as asked for. */
export async function ensureAgentContainer(
  dockerHost: string,
  agent: AgentContainer,
): Promise<'started' | 'restarted' | 'unchanged'> {
  const name = agentContainerName(agent.home)
  const existing = await inspect(dockerHost, name)
  if (existing?.State.Running && existing.Config.Labels[STAMP_LABEL] === agent.stamp) return 'unchanged'
  if (existing) await stopAndRemove(dockerHost, name)
  mkdirSync(agent.dataDir, { recursive: true, mode: 0o700 })
  await create(dockerHost, name, agent)
  await askDocker(dockerHost, `/containers/${name}/start`, { method: 'POST' }).catch(explainStart(agent.dataDir))
  return existing ? 'restarted' : 'started'
}

/** Why it ended; undefined while it runs. */
export async function agentContainerEnded(dockerHost: string, home: string): Promise<string | undefined> {
  const name = agentContainerName(home)
  const found = await inspect(dockerHost, name)
  if (found === undefined) return `the container ${name} was removed`
  if (found.State.Running && !found.State.Restarting) return undefined
  return `the container ${name} ended with ${found.State.ExitCode}${found.State.Error ? ` (${found.State.Error})` : ''}: see "docker logs ${name}"`
}

/** Gives whether there was one; without an engine none can run. Pods go on. */
export async function removeAgentContainer(dockerHost: string, home: string): Promise<boolean> {
  const name = agentContainerName(home)
  const existing = await inspect(dockerHost, name).catch(() => undefined)
  if (existing?.Config.Labels[HOME_LABEL] !== home) return false
  await stopAndRemove(dockerHost, name)
  return true
}

/** Runs a command in the agent's place to its end, with all its rights: for what only root may remove. */
export async function runInAgentContainer(dockerHost: string, agent: AgentContainer): Promise<void> {
  const name = `${agentContainerName(agent.home)}-once`
  await stopAndRemove(dockerHost, name)
  await create(dockerHost, name, { ...agent, once: true })
  try {
    await askDocker(dockerHost, `/containers/${name}/start`, { method: 'POST' }).catch(explainStart(agent.dataDir))
    const { StatusCode } = await askDocker<{ StatusCode: number }>(dockerHost, `/containers/${name}/wait`, {
      method: 'POST',
      timeoutMs: ENDED_TIMEOUT_MS,
    })
    if (StatusCode !== 0)
      throw new Error(`${agent.command.join(' ')} ended with ${StatusCode}: ${await logsOf(dockerHost, name)}`)
  } finally {
    await stopAndRemove(dockerHost, name)
  }
}

async function create(dockerHost: string, name: string, agent: AgentContainer): Promise<void> {
  try {
    await askDocker(dockerHost, `/containers/create?name=${name}`, { method: 'POST', body: agentContainerOptions(agent) })
  } catch (error) {
    if (error instanceof DockerError && error.status === 404)
      throw new Error(`the image ${AGENT_IMAGE} is missing: ./scripts/up builds it`, { cause: error })
    throw error
  }
}

/** Never returns: says what to do about a refusal that is known. */
function explainStart(dataDir: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Error && /not a shared mount/.test(error.message)) {
      throw new Error(
        `${dataDir} is not on a shared mount, so volumes can't be handed to pods: let root run "mount --make-rshared /" (systemd does so at each boot), or choose another place by SKIFF_HOME`,
      )
    }
    throw error
  }
}

async function inspect(dockerHost: string, name: string): Promise<Inspected | undefined> {
  return askDocker<Inspected>(dockerHost, `/containers/${name}/json`).catch(unlessMissing)
}

async function stopAndRemove(dockerHost: string, name: string): Promise<void> {
  await askDocker(dockerHost, `/containers/${name}/stop?t=${STOP_SECONDS}`, { method: 'POST' }).catch(unlessMissing)
  await askDocker(dockerHost, `/containers/${name}?force=true&v=true`, { method: 'DELETE' }).catch(unlessMissing)
}

/** Frames of the log have headers of 8 bytes, which no text has. */
async function logsOf(dockerHost: string, name: string): Promise<string> {
  const log = await readDockerText(dockerHost, `/containers/${name}/logs?stdout=1&stderr=1&tail=5`)
  return log.replaceAll(/[^\P{C}\n]+./gu, '').trim()
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof DockerError && error.status === 404) return undefined
  throw error
}
