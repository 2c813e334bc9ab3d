import { ImageError, type ImageRequest } from '../runtime/runtime.ts'
import { parseAccess } from './access.ts'
import { imageFingerprint } from './fingerprint.ts'
import type { ImageStore, StoredImage } from './image-store.ts'
import type { FetchFromPeer, ImagePeer } from './peers.ts'
import type { ImageAccess } from './pull-records.ts'

interface PeerLoad {
  readonly name: string
  readonly request: ImageRequest
  readonly store: ImageStore
  readonly fetchFromPeer: FetchFromPeer
  /** Hashes of what the pod could pull the image with. */
  readonly credentials: readonly string[]
}

/** Streams an image from another agent into the engine, and checks that what arrived is what that agent has. */
export async function loadFromPeer(
  peer: ImagePeer,
  { name, request, store, fetchFromPeer, credentials }: PeerLoad,
): Promise<{ readonly image: StoredImage; readonly access: ImageAccess } | undefined> {
  const began = performance.now()
  try {
    const offer = await fetchFromPeer(peer, { name, credentials }, request.signal)
    if (offer === undefined) return undefined
    const platform = await store.platform()
    if (offer.platform !== platform) {
      offer.stream.destroy()
      throw new Error(`it is for ${offer.platform}, this node is ${platform}`)
    }
    request.onProgress({ reason: 'Pulling from peer', message: `Pulling image "${request.image}" from node ${peer.node}` })
    await store.load(offer.stream, request.signal)
    const image = await store.inspect(name)
    if (image === undefined) throw new Error('the archive did not hold it')
    if (imageFingerprint(image) !== offer.fingerprint) {
      await store.untag(name)
      throw new Error('what arrived is not what that node has')
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(3)
    const message = `Successfully pulled image "${request.image}" from node ${peer.node} in ${seconds}s. Image size: ${image.sizeBytes} bytes.`
    request.onProgress({ reason: 'Pulled', message })
    return { image, access: parseAccess(offer.access) }
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new ImageError('ErrImagePull', `image "${request.image}" from node ${peer.node}: ${words}`, { cause: error })
  }
}
