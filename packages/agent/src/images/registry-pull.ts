import { ImageError, type ImageRequest, type RegistryCredentials } from '../runtime/runtime.ts'
import { type ImageStore, RegistryError, type StoredImage } from './image-store.ts'

/** So long may a registry take to answer when there is another copy to run. */
const REACHABLE_MS = 10_000
/** Without a sign of progress a pull is given up, as by the kubelet. */
const STALLED_MS = 60_000

interface RegistryPull {
  readonly name: string
  readonly request: ImageRequest
  readonly credentials: readonly OwnedCredentials[]
  readonly hasAlternative: boolean
  /** The image is here, and only whether this pod may have it is the question. An engine that has all of it asks nobody. */
  readonly verifyOnly: boolean
}

/** Whose they are: the pod's own, or the host's for all its pods. */
export interface OwnedCredentials {
  readonly owner: 'pod' | 'host'
  readonly credentials: RegistryCredentials
}

interface Pulled {
  readonly image: StoredImage
  /** What the registry let in; undefined: anybody. */
  readonly with: OwnedCredentials | undefined
}

/** Throws `ImageError` with the registry's own words. */
export async function pullFromRegistry(store: ImageStore, pull: RegistryPull): Promise<Pulled> {
  const { name, request } = pull
  const began = performance.now()
  request.onProgress({ reason: 'Pulling', message: `Pulling image "${request.image}"` })
  const used = await tryCredentials(store, pull)
  const image = await store.inspect(name)
  if (image === undefined) throw new ImageError('ErrImagePull', `the pull of "${request.image}" ended without an image`)
  const seconds = ((performance.now() - began) / 1000).toFixed(3)
  const message = `Successfully pulled image "${request.image}" in ${seconds}s (${seconds}s including waiting). Image size: ${image.sizeBytes} bytes.`
  request.onProgress({ reason: 'Pulled', message })
  return { image, with: used }
}

/** Each of the credentials in turn; the words of the last refusal count. Without any, once as nobody. */
async function tryCredentials(store: ImageStore, pull: RegistryPull): Promise<OwnedCredentials | undefined> {
  const tries = pull.credentials.length === 0 ? [undefined] : pull.credentials
  let refusal: ImageError | undefined
  for (const one of tries) {
    try {
      await pullOnce(store, pull, one?.credentials)
      return one
    } catch (error) {
      if (!(error instanceof ImageError)) throw error
      refusal = error
    }
  }
  throw refusal
}

async function pullOnce(
  store: ImageStore,
  { name, request, hasAlternative, verifyOnly }: RegistryPull,
  credentials: RegistryCredentials | undefined,
): Promise<void> {
  const patience = new Patience(hasAlternative ? REACHABLE_MS : STALLED_MS)
  try {
    const signal = AbortSignal.any([request.signal, patience.signal])
    if (verifyOnly) await store.verify(name, credentials, signal)
    else await store.pull(name, { credentials, signal, onProgress: () => patience.renew(STALLED_MS) })
  } catch (error) {
    request.signal.throwIfAborted()
    if (patience.signal.aborted)
      throw new ImageError('ErrImagePull', `the registry of "${name}" ${patience.complaint}`, { cause: error })
    if (error instanceof RegistryError) throw new ImageError('ErrImagePull', error.message, { cause: error })
    throw error
  } finally {
    patience.end()
  }
}

/** Aborts when no sign of life came for so long. */
class Patience {
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout
  #ms: number

  constructor(ms: number) {
    this.#ms = ms
    this.#timer = setTimeout(() => this.#abort.abort(), ms)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get complaint(): string {
    return `has not answered for ${this.#ms / 1000} s`
  }

  renew(ms: number): void {
    this.#ms = ms
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#abort.abort(), ms)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
