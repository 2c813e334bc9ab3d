/** The few calls to a Docker Engine that the command line makes itself, over its unix socket. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

const TIMEOUT_MS = 60_000

export const DEFAULT_DOCKER_HOST = 'unix:///var/run/docker.sock'

/** `$DOCKER_HOST`, as the docker command reads it. */
export function dockerHostOf(env: NodeJS.ProcessEnv = process.env): string {
  return env.DOCKER_HOST || DEFAULT_DOCKER_HOST
}

/** What an agent is told that runs without this environment, and later. */
export function dockerHostArguments(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  return env.DOCKER_HOST ? ['--docker-host', env.DOCKER_HOST] : []
}

export class DockerError extends Error {
  override name = 'DockerError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

interface DockerRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: unknown
  readonly timeoutMs?: number
}

/** The engine's answer as JSON (undefined when it has no body). Throws DockerError with the engine's words, or what kept it from answering. */
export async function askDocker<T>(
  dockerHost: string,
  path: string,
  { method = 'GET', body, timeoutMs = TIMEOUT_MS }: DockerRequest = {},
): Promise<T> {
  const { status, answer } = await exchange(dockerHost, path, { method, body, timeoutMs })
  const value: unknown = answer.startsWith('{') || answer.startsWith('[') ? JSON.parse(answer) : undefined
  if (status >= 400)
    throw new DockerError(status, (value as { message?: string } | undefined)?.message ?? `the Docker Engine answered ${status}`)
  return value as T
}

/** As the engine sent it: logs, which are no JSON. */
export async function readDockerText(dockerHost: string, path: string): Promise<string> {
  return (await exchange(dockerHost, path, { method: 'GET', body: undefined, timeoutMs: TIMEOUT_MS })).answer
}

function exchange(
  dockerHost: string,
  path: string,
  { method, body, timeoutMs }: Required<DockerRequest>,
): Promise<{ status: number; answer: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath: socketPathOf(dockerHost),
        path,
        method,
        signal: AbortSignal.timeout(timeoutMs),
        headers: { host: 'docker', 'content-type': 'application/json' },
      },
      (answer) => text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, answer: body }), reject),
    )
    sent.once('error', (error: NodeJS.ErrnoException) => {
      const denied =
        error.code === 'EACCES'
          ? `${dockerHost} may not be used by this user: "sudo usermod -aG docker $USER", and log in again`
          : undefined
      reject(new Error(denied ?? `no Docker Engine answers at ${dockerHost}`, { cause: error }))
    })
    sent.end(body === undefined ? '' : JSON.stringify(body))
  })
}

function socketPathOf(dockerHost: string): string {
  if (!dockerHost.startsWith('unix://'))
    throw new Error(`the Docker Engine must be on this host: ${dockerHost} is no unix:// address`)
  return dockerHost.slice('unix://'.length)
}
