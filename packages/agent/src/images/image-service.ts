import {
  ImageError,
  type ImageExport,
  type ImageRequest,
  type ImageService,
  type PresentImage,
  type RegistryCredentials,
} from '../runtime/runtime.ts'
import { Semaphore } from '../semaphore.ts'
import { credentialsFor } from './credentials.ts'
import { imageFingerprint } from './fingerprint.ts'
import { type ImageSource, imageSources } from './image-sources.ts'
import type { ImageStore, StoredImage } from './image-store.ts'
import { loadFromPeer } from './peer-load.ts'
import { type FetchFromPeer, FINGERPRINT_HEADER, type ImagePeer, PLATFORM_HEADER } from './peers.ts'
import { canonicalName, completeName, type ImageReference, parseReference } from './reference.ts'
import { pullFromRegistry } from './registry-pull.ts'
import { SharedFetches } from './shared-fetches.ts'

/** Fetches at once; each is limited by the disk sooner than by the network. */
const FETCHES_AT_ONCE = 3

export interface ImageServiceOptions {
  readonly store: ImageStore
  /** The other agents, as the API shows their nodes now. */
  readonly peers: () => readonly ImagePeer[]
  readonly fetchFromPeer: FetchFromPeer
  /** What the host itself may pull with; tried after the pod's own. */
  readonly hostCredentials?: (reference: ImageReference) => Promise<readonly RegistryCredentials[]>
  readonly random: () => number
  readonly signal: AbortSignal
}

type Progress = Parameters<ImageRequest['onProgress']>[0]

export function createImageService(options: ImageServiceOptions): ImageService {
  return new AgentImages(options)
}

class AgentImages implements ImageService {
  readonly #options: ImageServiceOptions
  readonly #store: ImageStore
  readonly #fetches = new SharedFetches<PresentImage, Progress>()
  readonly #turns = new Semaphore(FETCHES_AT_ONCE)
  readonly #listeners = new Set<() => void>()
  /** Ids of images that a peer had from a registry: here they have lost the digest that would show it. */
  readonly #secondHand = new Set<string>()

  constructor(options: ImageServiceOptions) {
    this.#options = options
    this.#store = options.store
    options.store.watch(() => this.#changed(), options.signal)
  }

  async ensure(request: ImageRequest): Promise<PresentImage> {
    const reference = parseReference(request.image)
    const name = canonicalName(reference)
    const local = await this.#store.inspect(name)
    const [first] = this.#sources(request, name, local)
    if (first?.type === 'local' && local !== undefined) return useLocal(request, local)
    if (first === undefined) throw neverPulled(request.image)
    // Whoever has other credentials must be let in by the registry himself.
    const key = JSON.stringify([name, request.pullPolicy, request.credentials])
    const waiter = { notify: request.onProgress, signal: request.signal }
    return this.#fetches.join(key, waiter, (notify, signal) =>
      this.#turns.run(() => this.#fetch({ ...request, onProgress: notify, signal }, reference)),
    )
  }

  async list() {
    return (await this.#store.list()).map((image) => ({ ...image, names: image.names.map(completeName) }))
  }

  async export(reference: string): Promise<ImageExport | undefined> {
    const name = canonicalName(parseReference(reference))
    const image = await this.#store.inspect(name)
    if (image === undefined) return undefined
    return {
      stream: await this.#store.save(name),
      headers: { [FINGERPRINT_HEADER]: imageFingerprint(image), [PLATFORM_HEADER]: `${image.os}/${image.architecture}` },
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tries one source after the other. The registry's refusal is what is told when none has it. */
  async #fetch(request: ImageRequest, reference: ImageReference): Promise<PresentImage> {
    const name = canonicalName(reference)
    const local = await this.#store.inspect(name)
    const sources = this.#sources(request, name, local)
    let refusal: ImageError | undefined
    for (const [index, source] of sources.entries()) {
      const isLast = index === sources.length - 1
      try {
        const image = await this.#take(source, { request, reference, local, isLast, refusal })
        if (image !== undefined) return image
      } catch (error) {
        request.signal.throwIfAborted()
        if (!(error instanceof ImageError)) throw error
        refusal = source.type === 'registry' ? error : (refusal ?? error)
      }
    }
    throw refusal ?? neverPulled(request.image)
  }

  async #take(source: ImageSource, { request, reference, local, isLast, refusal }: Attempt): Promise<PresentImage | undefined> {
    const name = canonicalName(reference)
    switch (source.type) {
      case 'local':
        return local && useLocal(request, local, refusal)
      case 'peer': {
        const image = await loadFromPeer(source.peer, { name, request, ...this.#options })
        if (image !== undefined && source.peer.find(name) === 'pulled') this.#secondHand.add(image.id)
        return image && presentImage(image)
      }
      case 'registry': {
        const ofHost = (await this.#options.hostCredentials?.(reference)) ?? []
        const credentials = [...credentialsFor(reference, request.credentials), ...ofHost]
        const image = await pullFromRegistry(this.#store, { name, request, credentials, hasAlternative: !isLast })
        return presentImage(image)
      }
    }
  }

  #sources(request: ImageRequest, name: string, local: StoredImage | undefined): readonly ImageSource[] {
    const { peers, random } = this.#options
    return imageSources({
      pullPolicy: request.pullPolicy,
      local: local && { pulled: local.digests.length > 0 || this.#secondHand.has(local.id) },
      // An image given by a peer is found by its tag only.
      peers: name.includes('@')
        ? []
        : shuffled(
            peers().filter((peer) => peer.find(name) !== undefined),
            random,
          ),
      name,
    })
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

interface Attempt {
  readonly request: ImageRequest
  readonly reference: ImageReference
  readonly local: StoredImage | undefined
  readonly isLast: boolean
  /** Why the sources before had nothing to give. */
  readonly refusal: ImageError | undefined
}

/** `refusal`: why it is this copy and no newer one. */
function useLocal(request: ImageRequest, local: StoredImage, refusal?: ImageError): PresentImage {
  const { image, onProgress } = request
  if (refusal === undefined) onProgress({ reason: 'Pulled', message: `Container image "${image}" already present on machine` })
  else onProgress({ reason: 'Local copy used', message: `Using the local copy of image "${image}": ${refusal.message}` })
  return presentImage(local)
}

function presentImage({ id, digests, config }: StoredImage): PresentImage {
  const { user, env, entrypoint, command, workingDir, volumes } = config
  const [digest] = digests
  return { id, imageRef: digest ?? id, config: { user, env, entrypoint, command, workingDir, volumes } }
}

function neverPulled(image: string): ImageError {
  return new ImageError('ErrImageNeverPull', `Container image "${image}" is not present with pull policy of Never`)
}

/** Spreads the load: ten agents that want one image don't all ask the first that has it. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
