import { request } from 'node:https'
import type { Readable } from 'node:stream'
import { ImageError } from '../runtime/runtime.ts'
import { completeName } from './reference.ts'

/** Headers beside an image that one agent gives another. */
export const FINGERPRINT_HEADER = 'x-skiff-image-fingerprint'
export const PLATFORM_HEADER = 'x-skiff-image-platform'
/** Who may use it (`access.ts`). */
export const ACCESS_HEADER = 'x-skiff-image-access'
/** Of the request: hashes of the credentials that the asking pod holds. */
export const CREDENTIALS_HEADER = 'x-skiff-credentials'

/** Another agent and the images its node's status names. */
export interface ImagePeer {
  readonly node: string
  /** Where its server listens, without the port. */
  readonly address: string
  /** Whether it has the image, and whether from a registry. */
  find(name: string): 'pulled' | 'built' | undefined
}

export interface PeerImage {
  readonly stream: Readable
  readonly fingerprint: string
  /** `linux/amd64` */
  readonly platform: string
  /** As `accessHeader` writes it. */
  readonly access: string
}

export interface PeerQuestion {
  /** Complete. */
  readonly name: string
  /** Hashes of what the pod could pull it with. */
  readonly credentials: readonly string[]
}

/** Asks a peer for an image; undefined when it hasn't got it after all. */
export type FetchFromPeer = (peer: ImagePeer, question: PeerQuestion, signal: AbortSignal) => Promise<PeerImage | undefined>

/** A node as a peer, by its `status.images`. */
export function peerOf(node: {
  readonly name: string
  readonly address: string
  readonly images: readonly { readonly names?: readonly string[] }[]
}): ImagePeer {
  const states = new Map<string, 'pulled' | 'built'>()
  for (const { names = [] } of node.images) {
    const state = names.some((name) => name.includes('@')) ? 'pulled' : 'built'
    for (const name of names) states.set(completeName(name), state)
  }
  return { node: node.name, address: node.address, find: (name) => states.get(name) }
}

const CONNECT_TIMEOUT_MS = 5_000
/** Older engines write a whole image to their disk before its first byte comes. */
const IDLE_TIMEOUT_MS = 120_000

/** `GET /images/<name>` of the other agent, with this node's certificate. */
export function fetchOverTls(tls: {
  readonly ca: string
  readonly cert: () => string
  readonly key: () => string
  readonly port: number
}): FetchFromPeer {
  return (peer, { name, credentials }, signal) =>
    new Promise((resolve, reject) => {
      const call = request({
        host: peer.address,
        // Certificates say the node's name; not always its address: that may be the master's too.
        servername: peer.node,
        port: tls.port,
        path: `/images/${encodeURIComponent(name)}`,
        headers: { [CREDENTIALS_HEADER]: credentials.join(',') },
        ca: tls.ca,
        cert: tls.cert(),
        key: tls.key(),
        signal,
        agent: false,
      })
      const connecting = setTimeout(() => call.destroy(new Error(`node ${peer.node} does not answer`)), CONNECT_TIMEOUT_MS)
      call.on('socket', (socket) => socket.once('secureConnect', () => clearTimeout(connecting)))
      call.setTimeout(IDLE_TIMEOUT_MS, () => call.destroy(new Error(`node ${peer.node} has gone silent`)))
      call.on('response', (response) => {
        if (response.statusCode === 200) {
          const header = (key: string) => String(response.headers[key] ?? '')
          return resolve({
            stream: response,
            fingerprint: header(FINGERPRINT_HEADER),
            platform: header(PLATFORM_HEADER),
            access: header(ACCESS_HEADER),
          })
        }
        response.resume()
        if (response.statusCode === 404) return resolve(undefined)
        if (response.statusCode === 403) return reject(notForThisPod())
        reject(new ImageError('ErrImagePull', `node ${peer.node} answered ${response.statusCode}`))
      })
      call.on('error', (error) => {
        clearTimeout(connecting)
        reject(error)
      })
      call.end()
    })
}

function notForThisPod(): ImageError {
  return new ImageError('ErrImagePull', 'it was pulled there with credentials that this pod does not hold')
}
