import { ImageError, type ImageRequest, type RegistryCredentials } from '../runtime/runtime.ts'
import { type ImageStore, RegistryError, type StoredImage } from './image-store.ts'

/** So long may a registry take to answer when there is another copy to run (architecture.md, "Images"). */
const REACHABLE_MS = 10_000
/** Without a sign of progress a pull is given up, as by the kubelet. */
const STALLED_MS = 60_000

interface RegistryPull {
  readonly name: string
  readonly request: ImageRequest
  readonly credentials: readonly RegistryCredentials[]
  readonly hasAlternative: boolean
}

/** Throws `ImageError` with the registry's own words. */
export async function pullFromRegistry(store: ImageStore, pull: RegistryPull): Promise<StoredImage> {
  const { name, request } = pull
  const began = performance.now()
  request.onProgress({ reason: 'Pulling', message: `Pulling image "${request.image}"` })
  await tryCredentials(store, pull)
  const image = await store.inspect(name)
  if (image === undefined) throw new ImageError('ErrImagePull', `the pull of "${request.image}" ended without an image`)
  const seconds = ((performance.now() - began) / 1000).toFixed(3)
  const message = `Successfully pulled image "${request.image}" in ${seconds}s (${seconds}s including waiting). Image size: ${image.sizeBytes} bytes.`
  request.onProgress({ reason: 'Pulled', message })
  return image
}

/** Each of the credentials in turn; the words of the last refusal count. Without any, once as nobody. */
async function tryCredentials(store: ImageStore, pull: RegistryPull): Promise<void> {
  const tries = pull.credentials.length === 0 ? [undefined] : pull.credentials
  let refusal: ImageError | undefined
  for (const credentials of tries) {
    try {
      return await pullOnce(store, pull, credentials)
    } catch (error) {
      if (!(error instanceof ImageError)) throw error
      refusal = error
    }
  }
  throw refusal
}

async function pullOnce(
  store: ImageStore,
  { name, request, hasAlternative }: RegistryPull,
  credentials: RegistryCredentials | undefined,
): Promise<void> {
  const patience = new Patience(hasAlternative ? REACHABLE_MS : STALLED_MS)
  try {
    const signal = AbortSignal.any([request.signal, patience.signal])
    await store.pull(name, { credentials, signal, onProgress: () => patience.renew(STALLED_MS) })
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
