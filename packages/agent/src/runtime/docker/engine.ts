import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { EngineUnavailableError, EngineUnfitError } from '../runtime.ts'
import { callsOf, type DockerCalls } from './dockerode.ts'
import { isNoAnswer, wordsOf } from './engine-errors.ts'
import { loadDockerode } from './load-dockerode.ts'
import { makeRequestsPlain } from './plain-requests.ts'

/** The newest version of the Engine's API whose answers we know; an older engine is spoken to in its own. */
const KNOWN_API_VERSION = '1.51'
/** What our calls need, and the release that brought it. */
const OLDEST_API_VERSION = '1.41'
const OLDEST_ENGINE = '20.10'
/** Calls that do nothing but read. */
export const READ_TIMEOUT_MS = 30_000
/** Creating, starting and removing: as the kubelet's runtime request timeout. */
export const WRITE_TIMEOUT_MS = 120_000
const PING_TIMEOUT_MS = 5_000
const PROBE_INTERVAL_MS = 500
const POOL_SIZE = 16
const ANSWERS = 'the Docker Engine answers'

export type AvailabilityListener = (available: boolean, message: string) => void

/**
 * The way to one Docker Engine: pooled calls with a time-out each, unpooled ones for streams, the API version negotiated
 * at the first call, after each outage, and whenever the engine may have been replaced. It knows whether the engine answers.
 */
export class Engine {
  readonly #calls: Docker
  /** For calls that wait for what a container does: they must not take the place of others in the pool. */
  readonly #lasting: Docker
  readonly #streams: Docker
  /** Speaks the engine's newest version: for what is the same in all of them. */
  readonly #unversioned: DockerCalls
  readonly #listeners = new Set<AvailabilityListener>()
  #negotiated: Promise<void> | undefined
  #incarnation = 0
  #available = true
  #probing = false

  /** `dockerHost` is `unix:///path` or a path; the engine must be on this host. */
  constructor(dockerHost: string) {
    const socketPath = socketPathOf(dockerHost)
    // `host` is set so that dockerode doesn't take $DOCKER_HOST.
    const connection = { socketPath, host: undefined }
    const Dockerode = loadDockerode()
    const pooled = (maxSockets: number) => {
      const docker = new Dockerode({
        ...connection,
        agent: new http.Agent({ keepAlive: true, maxSockets }),
      } as Docker.DockerOptions)
      makeRequestsPlain(callsOf(docker).modem)
      return docker
    }
    this.#calls = pooled(POOL_SIZE)
    this.#lasting = pooled(Number.POSITIVE_INFINITY)
    this.#streams = new Dockerode(connection as unknown as Docker.DockerOptions)
    this.#unversioned = callsOf(new Dockerode(connection as unknown as Docker.DockerOptions))
  }

  get available(): boolean {
    return this.#available
  }

  /** Another number: what was known of the engine may be otherwise by now. */
  get incarnation(): number {
    return this.#incarnation
  }

  /** One request and its whole answer. Throws `EngineUnavailableError` when there is none within the time. */
  call<T>(what: string, timeoutMs: number, run: (docker: Docker, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#callBy(this.#calls, what, timeoutMs, run)
  }

  /** The same, for a request that may be answered late: however many of them wait, others are not held up. */
  lastingCall<T>(what: string, timeoutMs: number, run: (docker: Docker, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#callBy(this.#lasting, what, timeoutMs, run)
  }

  async #callBy<T>(
    docker: Docker,
    what: string,
    timeoutMs: number,
    run: (docker: Docker, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    await this.#negotiate()
    const late = new AbortController()
    const { signal } = late
    const timer = setTimeout(() => late.abort(), timeoutMs).unref()
    try {
      const answer = await Promise.race([run(docker, signal), rejectionAt(signal)])
      this.#setAvailable(true, ANSWERS)
      return answer
    } catch (error) {
      if (!isNoAnswer(error) && !signal.aborted) throw error
      this.#suspect()
      const problem = signal.aborted ? `has not answered within ${timeoutMs / 1000} s` : `can't be reached: ${wordsOf(error)}`
      throw new EngineUnavailableError(`the Docker Engine ${problem} (${what})`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  /** A request whose answer goes on: no time-out once it began, no place in the pool. */
  async stream<T>(what: string, open: (docker: Docker) => Promise<T>): Promise<T> {
    await this.#negotiate()
    try {
      const answer = await open(this.#streams)
      this.#setAvailable(true, ANSWERS)
      return answer
    } catch (error) {
      if (!isNoAnswer(error)) throw error
      this.#suspect()
      throw new EngineUnavailableError(`the Docker Engine can't be reached: ${wordsOf(error)} (${what})`, { cause: error })
    }
  }

  /** Asks whether the engine answers at all, and tells the listeners when that changed. */
  async ping(): Promise<boolean> {
    try {
      await this.#unversioned.ping({ abortSignal: AbortSignal.timeout(PING_TIMEOUT_MS) })
    } catch (error) {
      if (isNoAnswer(error)) {
        this.#expectAnother()
        this.#setAvailable(false, `the Docker Engine does not answer: ${wordsOf(error)}`)
        return false
      }
    }
    this.#setAvailable(true, ANSWERS)
    return true
  }

  /** It has broken off a stream that goes on: it may have been replaced by one of another version, without ever having been away. */
  mayBeAnother(): void {
    this.#expectAnother()
    void this.ping()
  }

  #expectAnother(): void {
    this.#negotiated = undefined
    this.#incarnation++
  }

  onAvailability(listener: AvailabilityListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #negotiate(): Promise<void> {
    this.#negotiated ??= this.#chooseVersion().catch((error: unknown) => {
      this.#negotiated = undefined
      throw error
    })
    return this.#negotiated
  }

  async #chooseVersion(): Promise<void> {
    try {
      const version = await this.#unversioned.version({ abortSignal: AbortSignal.timeout(PING_TIMEOUT_MS) })
      requireKnownVersion(version)
      const chosen = negotiateVersion(version.ApiVersion, version.MinAPIVersion)
      for (const client of [this.#calls, this.#lasting, this.#streams]) callsOf(client).modem.version = `v${chosen}`
    } catch (error) {
      if (error instanceof EngineUnfitError) throw error
      this.#suspect()
      throw unreachable(error)
    }
  }

  /** After an unanswered call: is it that call, or the engine? Once it is the engine, asks until it is back. */
  #suspect(): void {
    if (this.#probing) return
    this.#probing = true
    void this.#probe().finally(() => {
      this.#probing = false
    })
  }

  async #probe(): Promise<void> {
    while (!(await this.ping())) {
      // Not kept alive for this: when the process has nothing else to do it may end.
      await delay(PROBE_INTERVAL_MS, undefined, { ref: false })
    }
  }

  #setAvailable(available: boolean, message: string): void {
    if (this.#available === available) return
    this.#available = available
    for (const listener of this.#listeners) listener(available, message)
  }
}

function unreachable(error: unknown): EngineUnavailableError {
  const { code, name } = error as NodeJS.ErrnoException
  if (code === 'EACCES') {
    return new EngineUnfitError(
      'the Docker Engine may not be used by this user: run as root, or "sudo usermod -aG docker $USER" and log in again',
      { cause: error },
    )
  }
  if (name === 'AbortError' || name === 'TimeoutError') {
    return new EngineUnavailableError(`the Docker Engine has not answered within ${PING_TIMEOUT_MS / 1000} s`, { cause: error })
  }
  return new EngineUnavailableError(`the Docker Engine can't be reached: ${wordsOf(error)}`, { cause: error })
}

function requireKnownVersion({ ApiVersion, Version }: { readonly ApiVersion: string; readonly Version?: string }): void {
  if (!isOlder(ApiVersion, OLDEST_API_VERSION)) return
  throw new EngineUnfitError(
    `the Docker Engine is too old (version ${Version ?? 'unknown'}, API ${ApiVersion}): at least ${OLDEST_ENGINE} (API ${OLDEST_API_VERSION}) is needed, upgrade it`,
  )
}

/** Not every call of dockerode heeds the signal. */
function rejectionAt(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

/** The newest version that both know; an engine that refuses ours gets its own oldest. */
export function negotiateVersion(newest: string, oldest: string | undefined): string {
  if (isOlder(newest, KNOWN_API_VERSION)) return newest
  if (oldest !== undefined && isOlder(KNOWN_API_VERSION, oldest)) return oldest
  return KNOWN_API_VERSION
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number)
  return major < thanMajor || (major === thanMajor && minor < thanMinor)
}

export function socketPathOf(dockerHost: string): string {
  if (dockerHost.startsWith('unix://')) return dockerHost.slice('unix://'.length)
  if (dockerHost.startsWith('/')) return dockerHost
  throw new Error(`the agent needs the Docker Engine of its own host, by a unix socket, not ${dockerHost}`)
}
