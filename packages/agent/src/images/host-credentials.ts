import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '@skiff/client'
import type { RegistryCredentials } from '../runtime/runtime.ts'
import { credentialsFor, registryOf } from './credentials.ts'
import { credentialsOfAuths, type DockerAuth } from './docker-config.ts'
import { DEFAULT_REGISTRY, type ImageReference } from './reference.ts'

interface DockerConfig {
  readonly auths?: Readonly<Record<string, DockerAuth>>
  readonly credHelpers?: Readonly<Record<string, string>>
  readonly credsStore?: string
}

interface HostCredentialsOptions {
  /** DOCKER_CONFIG, HOME, and the PATH where helpers are found. */
  readonly env: NodeJS.ProcessEnv
  readonly logger: Log
  readonly helperTimeoutMs?: number
}

/** Cloud registries' helpers ask over the network. */
const HELPER_TIMEOUT_MS = 10_000
/** Where `docker login` keeps Docker Hub's. */
const DOCKER_HUB = 'https://index.docker.io/v1/'
/** What docker-credential-helpers say, on standard output, when they just have none. */
const HAS_NONE = 'credentials not found'
/** Stands for the user's name when the secret is an identity token. */
const TOKEN_USER = '<token>'

/**
 * What this host's user is logged in with by `docker login`, for the registry of an image. Read each time: the user may log
 * in while the agent runs. Never throws: what can't be read is logged, and there are no credentials then.
 */
export async function hostCredentials(
  reference: ImageReference,
  options: HostCredentialsOptions,
): Promise<readonly RegistryCredentials[]> {
  const { env, logger } = options
  const file = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json')
  try {
    const config = await readConfig(file)
    if (config === undefined) return []
    const kept = credentialsFor(reference, credentialsOfAuths(config.auths ?? {}))
    return [...(await helperCredentials(reference.registry, config, options)), ...kept]
  } catch (error) {
    logger.warn({ err: error, file }, 'the host’s Docker credentials could not be read, pulling without them')
    return []
  }
}

async function readConfig(file: string): Promise<DockerConfig | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : parseConfig(text)
}

/** A parser's own message would quote the file, and so a password. */
function parseConfig(text: string): DockerConfig {
  try {
    return JSON.parse(text) as DockerConfig
  } catch {
    throw new Error('it is not JSON')
  }
}

/** A helper that fails costs its own credentials only. */
async function helperCredentials(
  registry: string,
  { credHelpers = {}, credsStore }: DockerConfig,
  options: HostCredentialsOptions,
): Promise<readonly RegistryCredentials[]> {
  const [server, ofRegistry] = Object.entries(credHelpers).find(([key]) => registryOf(key) === registry) ?? []
  const helper = ofRegistry || credsStore
  if (!helper) return []
  try {
    return await askHelper(`docker-credential-${helper}`, server ?? serverOf(registry), options)
  } catch (error) {
    options.logger.warn({ err: error, helper, registry }, 'a Docker credential helper failed, pulling without it')
    return []
  }
}

const serverOf = (registry: string) => (registry === DEFAULT_REGISTRY ? DOCKER_HUB : registry)

/** `docker-credential-<x> get`: the server's address in, a JSON object or a complaint out. */
async function askHelper(program: string, server: string, options: HostCredentialsOptions): Promise<RegistryCredentials[]> {
  const answer = await runHelper(program, server, options)
  if (answer === undefined) return []
  const { Username: username = '', Secret: secret = '' } = parseAnswer(program, answer)
  if (secret === '') return []
  if (username === TOKEN_USER) return [{ registry: server, username: '', password: '', identityToken: secret }]
  return [{ registry: server, username, password: secret }]
}

function runHelper(
  program: string,
  server: string,
  { env, helperTimeoutMs = HELPER_TIMEOUT_MS }: HostCredentialsOptions,
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const child = execFile(program, ['get'], { env, timeout: helperTimeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
    if (error === null) resolve(stdout)
    else if (stdout.startsWith(HAS_NONE)) resolve(undefined)
    else if (error.killed) reject(new Error(`${program} has not answered within ${helperTimeoutMs / 1000} s`))
    else reject(new Error(`${program} get: ${stdout.trim() || stderr.trim() || error.message}`))
  })
  // It may end without reading.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(server)
  return promise
}

function parseAnswer(program: string, answer: string): { readonly Username?: string; readonly Secret?: string } {
  try {
    return JSON.parse(answer) as { Username?: string; Secret?: string }
  } catch {
    throw new Error(`${program} get: the answer is not JSON`)
  }
}
