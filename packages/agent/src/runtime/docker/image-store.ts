import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { type ImageStore, type PullOptions, RegistryError, type StoredImage } from '../../images/image-store.ts'
import { completeName, parseReference } from '../../images/reference.ts'
import { EngineUnavailableError, type RegistryCredentials } from '../runtime.ts'
import { callsOf } from './dockerode.ts'
import { Engine, READ_TIMEOUT_MS } from './engine.ts'
import { isConflict, isMissing, withCure, wordsOf } from './engine-errors.ts'
import { followEvents } from './follow-events.ts'
import { jsonLines } from './json-lines.ts'
import { loadImage } from './load-image.ts'

/** The images of the Docker Engine behind a socket. */
export function createDockerImageStore(options: { readonly dockerHost: string }): ImageStore {
  return new DockerImageStore(new Engine(options.dockerHost))
}

const IMAGE_ACTIONS = ['delete', 'import', 'load', 'pull', 'tag', 'untag']

interface PullLine {
  readonly error?: string
  readonly errorDetail?: { readonly message?: string }
}

/**
 * Many pods of one image start together. Not for longer: an engine tells nobody when a build moves a tag (BuildKit before
 * Engine 25), and what was built runs at once.
 */
const LOOK_COUNTS_MS = 500

class DockerImageStore implements ImageStore {
  readonly #engine: Engine
  readonly #looks = new Map<string, { readonly atMs: number; readonly found: Promise<StoredImage | undefined> }>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async platform(): Promise<string> {
    const { Os, Arch } = await this.#engine.call('version', READ_TIMEOUT_MS, (docker, abortSignal) =>
      callsOf(docker).version({ abortSignal }),
    )
    return `${Os}/${Arch}`
  }

  async inspect(name: string): Promise<StoredImage | undefined> {
    const known = this.#looks.get(name)
    if (known !== undefined && performance.now() - known.atMs < LOOK_COUNTS_MS) return await known.found
    const found = this.#inspectNow(name)
    this.#looks.set(name, { atMs: performance.now(), found })
    const image = await found.catch(() => undefined)
    // What is not here may come at any moment.
    if (image === undefined) this.#looks.delete(name)
    return await found
  }

  async #inspectNow(name: string): Promise<StoredImage | undefined> {
    try {
      return storedImage(
        await this.#engine.call(`inspect image ${name}`, READ_TIMEOUT_MS, (docker) => docker.getImage(name).inspect()),
      )
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async list() {
    const images = await this.#engine.call('list images', READ_TIMEOUT_MS, (docker) => docker.listImages({ digests: true }))
    return images.map(({ Id, RepoTags, RepoDigests, Size }) => ({
      id: Id,
      names: [...(RepoDigests ?? []), ...(RepoTags ?? [])].filter((name) => !name.includes('<none>')),
      sizeBytes: Size,
    }))
  }

  async inUse(): Promise<ReadonlySet<string>> {
    const containers = await this.#engine.call('list all containers', READ_TIMEOUT_MS, (docker, abortSignal) =>
      docker.listContainers({ all: true, abortSignal }),
    )
    return new Set(containers.flatMap(({ ImageID, Image }) => [ImageID, completeName(Image)]))
  }

  async verify(name: string, credentials: RegistryCredentials | undefined, signal: AbortSignal): Promise<void> {
    const asked = this.#engine.stream(`ask the registry of ${name}`, (docker) =>
      docker.getImage(name).distribution({ authconfig: authOf(credentials) }),
    )
    try {
      await Promise.race([asked, rejectionOf(signal)])
    } catch (error) {
      if (signal.aborted || error instanceof EngineUnavailableError) throw error
      throw new RegistryError(wordsOf(error), { cause: error })
    }
  }

  async pull(name: string, { credentials, onProgress, signal }: PullOptions): Promise<void> {
    const { registry, repository, tag, digest } = parseReference(name)
    // Always with a tag: without one the engine fetches all.
    const from = { fromImage: `${registry}/${repository}`, tag: digest ?? tag ?? 'latest' }
    try {
      const answer = await this.#engine.stream(`pull ${name}`, (docker) =>
        docker.createImage(authOf(credentials), { ...from, abortSignal: signal } as object),
      )
      for await (const line of jsonLines<PullLine>(answer)) {
        const problem = line.errorDetail?.message ?? line.error
        if (problem !== undefined) throw new RegistryError(withCure(problem))
        onProgress()
      }
      this.#looks.clear()
    } catch (error) {
      if (signal.aborted || error instanceof RegistryError || error instanceof EngineUnavailableError) throw error
      throw new RegistryError(wordsOf(error), { cause: error })
    }
  }

  async load(archive: NodeJS.ReadableStream, signal: AbortSignal): Promise<void> {
    await this.#engine.stream('load an image', (docker) => loadImage(docker, archive, signal))
    this.#looks.clear()
  }

  async save(name: string): Promise<Readable> {
    const archive = await this.#engine.stream(`save ${name}`, (docker) => docker.getImage(name).get())
    // An HTTP answer, whatever the typings say.
    return archive as Readable
  }

  async untag(name: string): Promise<void> {
    await this.#engine
      .call(`untag ${name}`, READ_TIMEOUT_MS, (docker) => docker.getImage(name).remove())
      .catch((error: unknown) => {
        if (!isMissing(error) && !isConflict(error)) throw error
      })
    this.#looks.clear()
  }

  watch(onChange: () => void, signal: AbortSignal): void {
    const filters = { type: ['image'], event: IMAGE_ACTIONS }
    const forgetAndTell = () => {
      this.#looks.clear()
      onChange()
    }
    void followEvents(this.#engine, { filters, onOpen: forgetAndTell, onEvent: forgetAndTell }, signal)
  }
}

/** For a call that can't be called off: nobody waits for it any more. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

function authOf(credentials: RegistryCredentials | undefined): object | undefined {
  if (credentials === undefined) return undefined
  const { username, password, registry, identityToken } = credentials
  const server = { serveraddress: registry }
  return identityToken === undefined ? { username, password, ...server } : { identitytoken: identityToken, ...server }
}

function storedImage(info: Docker.ImageInspectInfo): StoredImage {
  const config: Partial<Docker.ImageInspectInfo['Config']> & { StopSignal?: string } = info.Config ?? {}
  return {
    id: info.Id,
    tags: (info.RepoTags ?? []).map(completeName),
    digests: (info.RepoDigests ?? []).map(completeName),
    architecture: info.Architecture,
    os: info.Os,
    sizeBytes: info.Size,
    layers: info.RootFS.Layers ?? [],
    config: {
      user: config.User ?? '',
      env: config.Env ?? [],
      entrypoint: [config.Entrypoint ?? []].flat(),
      command: config.Cmd ?? [],
      workingDir: config.WorkingDir ?? '',
      volumes: Object.keys(config.Volumes ?? {}),
      exposedPorts: Object.keys(config.ExposedPorts ?? {}),
      labels: config.Labels ?? {},
      stopSignal: config.StopSignal ?? '',
    },
  }
}
