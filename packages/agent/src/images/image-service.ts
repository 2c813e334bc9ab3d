import { join } from 'node:path'
import {
  ImageError,
  type ImageExport,
  type ImageRequest,
  type ImageService,
  type PresentImage,
  type RegistryCredentials,
  type RemovableImage,
} from '../runtime/runtime.ts'
import { Semaphore } from '../semaphore.ts'
import { accessHeader, credentialHash, grantToPeer, podMayUse } from './access.ts'
import { credentialsFor } from './credentials.ts'
import { imageFingerprint } from './fingerprint.ts'
import { type ImageSource, imageSources } from './image-sources.ts'
import type { ImageStore, StoredImage } from './image-store.ts'
import { ImageUse } from './image-use.ts'
import { loadFromPeer } from './peer-load.ts'
import { ACCESS_HEADER, type FetchFromPeer, FINGERPRINT_HEADER, type ImagePeer, PLATFORM_HEADER } from './peers.ts'
import { type Fetched, type ImageAccess, NOBODY, PullRecords } from './pull-records.ts'
import { canonicalName, completeName, type ImageReference, parseReference, repositoryOf } from './reference.ts'
import { type OwnedCredentials, pullFromRegistry } from './registry-pull.ts'
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
  /** Where the agent keeps its own files. */
  readonly dataDir: string
  /** Whether images that somebody else brought here may be removed when room is needed. */
  readonly removeForeign?: boolean
  /** Never removed: the sandboxes', of which the engine's containers alone know. */
  readonly keep?: readonly string[]
  readonly now: () => Date
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
  readonly #records: PullRecords
  readonly #use: ImageUse
  #settled: Promise<void> | undefined

  constructor(options: ImageServiceOptions) {
    const { store, removeForeign = false, keep = [] } = options
    this.#options = options
    this.#store = store
    this.#records = new PullRecords(join(options.dataDir, 'images.json'))
    const isKept = (names: readonly string[]) => names.some((name) => keep.includes(name))
    this.#use = new ImageUse({ ...options, records: this.#records, removeForeign, isKept })
    store.watch(() => this.#changed(), options.signal)
  }

  async ensure(request: ImageRequest): Promise<PresentImage> {
    const reference = parseReference(request.image)
    const image = await this.#ensure(request, reference)
    this.#use.given(image.id)
    return image
  }

  async #ensure(request: ImageRequest, reference: ImageReference): Promise<PresentImage> {
    const name = canonicalName(reference)
    await this.#settleInterrupted()
    const here = await this.#here(request, reference)
    const [first] = this.#sources(request, name, here)
    if (first?.type === 'local' && here !== undefined) return useLocal(request, here.image)
    if (first === undefined) throw neverPulled(request.image, here !== undefined)
    // Whoever has other credentials must be let in by the registry himself.
    const key = JSON.stringify([name, request.pullPolicy, request.credentials])
    const waiter = { notify: request.onProgress, signal: request.signal }
    return this.#fetches.join(key, waiter, (notify, signal) =>
      this.#turns.run(() => this.#fetch({ ...request, onProgress: notify, signal }, reference)),
    )
  }

  async list() {
    const named = (await this.#store.list()).filter(({ names }) => names.length > 0)
    return named.map((image) => ({ ...image, names: image.names.map(completeName) }))
  }

  async export(asked: string, credentials: readonly string[]): Promise<ImageExport | 'forbidden' | undefined> {
    const reference = parseReference(asked)
    const name = canonicalName(reference)
    await this.#settleInterrupted()
    const image = await this.#store.inspect(name)
    if (image === undefined) return undefined
    const granted = grantToPeer(await this.#records.access(image.id, repositoryOf(reference)), credentials)
    if (granted === undefined) return 'forbidden'
    return {
      stream: await this.#store.save(name),
      headers: {
        [FINGERPRINT_HEADER]: imageFingerprint(image),
        [PLATFORM_HEADER]: `${image.os}/${image.architecture}`,
        [ACCESS_HEADER]: accessHeader(granted),
      },
    }
  }

  removable(): Promise<readonly RemovableImage[]> {
    return this.#use.removable()
  }

  remove(image: RemovableImage): Promise<boolean> {
    return this.#use.remove(image)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tries one source after the other. The registry's refusal is what is told when none has it. */
  async #fetch(request: ImageRequest, reference: ImageReference): Promise<PresentImage> {
    const here = await this.#here(request, reference)
    const local = here?.allowed ? here.image : undefined
    const sources = this.#sources(request, canonicalName(reference), here)
    let refusal: ImageError | undefined
    for (const [index, source] of sources.entries()) {
      const isLast = index === sources.length - 1
      try {
        const image = await this.#take(source, { request, reference, here, local, isLast, refusal })
        if (image !== undefined) return image
      } catch (error) {
        request.signal.throwIfAborted()
        if (!(error instanceof ImageError)) throw error
        refusal = source.type === 'registry' ? error : (refusal ?? error)
      }
    }
    throw refusal ?? neverPulled(request.image, here !== undefined)
  }

  async #take(source: ImageSource, attempt: Attempt): Promise<PresentImage | undefined> {
    const { request, local, refusal } = attempt
    switch (source.type) {
      case 'local':
        return local && useLocal(request, local, refusal)
      case 'peer':
        return await this.#recorded(attempt, () => this.#loadFrom(source.peer, attempt))
      case 'registry':
        return await this.#recorded(attempt, () => this.#pull(attempt))
    }
  }

  async #loadFrom(peer: ImagePeer, { request, reference }: Attempt): Promise<Arrival | undefined> {
    const name = canonicalName(reference)
    const usable = credentialsFor(reference, [...request.credentials, ...(await this.#hostCredentials(reference))])
    const loaded = await loadFromPeer(peer, { name, request, ...this.#options, credentials: usable.map(credentialHash) })
    return loaded && { ...loaded, pulled: peer.find(name) === 'pulled' }
  }

  async #pull({ request, reference, here, isLast }: Attempt): Promise<Arrival> {
    const ofHost = await this.#hostCredentials(reference)
    const credentials: readonly OwnedCredentials[] = [
      ...credentialsFor(reference, request.credentials).map((one) => ({ owner: 'pod' as const, credentials: one })),
      ...ofHost.map((one) => ({ owner: 'host' as const, credentials: one })),
    ]
    const pulled = await pullFromRegistry(this.#store, {
      name: canonicalName(reference),
      request,
      credentials,
      hasAlternative: !isLast,
      // What has this digest is here; a tag may stand for another image by now.
      verifyOnly: here !== undefined && reference.digest !== undefined,
    })
    const used = pulled.with
    const access: ImageAccess = {
      anyone: used === undefined,
      node: used?.owner === 'host',
      credentials: used === undefined ? [] : [credentialHash(used.credentials)],
    }
    return { image: pulled.image, access, pulled: true }
  }

  /** Keeps who has shown that he may have what arrives. An image that was here before, and not by us, stays free for all. */
  async #recorded({ reference }: Attempt, fetch: () => Promise<Arrival | undefined>): Promise<PresentImage | undefined> {
    const name = canonicalName(reference)
    const repository = repositoryOf(reference)
    const before = (await this.#store.list()).map(({ id }) => id)
    await this.#records.begin(name, { repository, before })
    let fetched: Fetched | undefined
    try {
      const arrival = await fetch()
      if (arrival === undefined) return undefined
      const { image, access, pulled } = arrival
      const isForeign = before.includes(image.id) && (await this.#records.find(image.id)) === undefined
      if (!isForeign) fetched = { imageId: image.id, repository, pulled, access }
      return presentImage(image)
    } finally {
      await this.#records.end(name, fetched)
    }
  }

  /** What arrived while an earlier agent died is nobody's until the registry says whose it is. */
  #settleInterrupted(): Promise<void> {
    this.#settled ??= this.#settleOnce().catch((error: unknown) => {
      this.#settled = undefined
      throw error
    })
    return this.#settled
  }

  async #settleOnce(): Promise<void> {
    for (const { name, repository, before } of await this.#records.interrupted()) {
      const image = await this.#store.inspect(name)
      const arrived = image !== undefined && !before.includes(image.id)
      await this.#records.end(name, arrived ? { imageId: image.id, repository, pulled: true, access: NOBODY } : undefined)
    }
  }

  async #here({ credentials }: ImageRequest, reference: ImageReference): Promise<LocalImage | undefined> {
    const image = await this.#store.inspect(canonicalName(reference))
    if (image === undefined) return undefined
    const access = await this.#records.access(image.id, repositoryOf(reference))
    const fetched = await this.#records.find(image.id)
    return {
      image,
      pulled: image.digests.length > 0 || (fetched?.pulled ?? false),
      allowed: podMayUse(access, credentialsFor(reference, credentials)),
    }
  }

  async #hostCredentials(reference: ImageReference): Promise<readonly RegistryCredentials[]> {
    return (await this.#options.hostCredentials?.(reference)) ?? []
  }

  #sources(request: ImageRequest, name: string, local: LocalImage | undefined): readonly ImageSource[] {
    const { peers, random } = this.#options
    return imageSources({
      pullPolicy: request.pullPolicy,
      local,
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

/** The image that has the name on this host. */
interface LocalImage {
  readonly image: StoredImage
  readonly pulled: boolean
  readonly allowed: boolean
}

interface Arrival {
  readonly image: StoredImage
  readonly access: ImageAccess
  readonly pulled: boolean
}

interface Attempt {
  readonly request: ImageRequest
  readonly reference: ImageReference
  readonly here: LocalImage | undefined
  /** The same, if the pod may have it. */
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

function neverPulled(image: string, isHere: boolean): ImageError {
  const why = isHere
    ? 'is present with pull policy of Never but does not have the proper auth (image secret) that was used to pull the image'
    : 'is not present with pull policy of Never'
  return new ImageError('ErrImageNeverPull', `Container image "${image}" ${why}`)
}

/** Spreads the load: ten agents that want one image don't all ask the first that has it. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
