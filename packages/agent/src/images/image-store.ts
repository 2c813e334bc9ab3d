import type { Readable } from 'node:stream'
import type { PresentImage, RegistryCredentials } from '../runtime/runtime.ts'

/** The images of one engine: what the image service needs of it. */
export interface ImageStore {
  /** What it runs on: `linux/amd64`. */
  platform(): Promise<string>
  /** By any of its names; undefined when it isn't here. */
  inspect(name: string): Promise<StoredImage | undefined>
  /** Also those without a name. */
  list(): Promise<readonly { readonly id: string; readonly names: readonly string[]; readonly sizeBytes: number }[]>
  /** Ids and names of the images of all containers of this host, whoever they belong to and whether they run or not. */
  inUse(): Promise<ReadonlySet<string>>
  /**
   * Fetches from the registry of the name. Calls `onProgress` with each line; the first comes when the registry has
   * answered. Throws `RegistryError` with the registry's words.
   */
  pull(name: string, options: PullOptions): Promise<void>
  /** Asks the registry of the name whether these credentials may have the image. Throws `RegistryError`. */
  verify(name: string, credentials: RegistryCredentials | undefined, signal: AbortSignal): Promise<void>
  /** Takes in a `docker save` archive; throws when it is broken. */
  load(archive: NodeJS.ReadableStream, signal: AbortSignal): Promise<void>
  save(name: string): Promise<Readable>
  /** Takes the name (or the id of one without any) away, and the image when it was the last one and nothing uses it. */
  untag(name: string): Promise<void>
  /** Calls back whenever an image came, went or changed its name, until the signal. */
  watch(onChange: () => void, signal: AbortSignal): void
}

export interface PullOptions {
  readonly credentials: RegistryCredentials | undefined
  readonly onProgress: () => void
  readonly signal: AbortSignal
}

export interface StoredImage {
  readonly id: string
  readonly tags: readonly string[]
  /** `name@sha256:...`, complete; empty for an image that never came from a registry or went to one. */
  readonly digests: readonly string[]
  readonly architecture: string
  readonly os: string
  readonly sizeBytes: number
  /** Digests of the unpacked layers, lowest first. */
  readonly layers: readonly string[]
  readonly config: PresentImage['config'] & {
    readonly exposedPorts: readonly string[]
    readonly labels: Readonly<Record<string, string>>
    readonly stopSignal: string
  }
}

/** The registry, or the way there, refused: the message is its own. */
export class RegistryError extends Error {
  override name = 'RegistryError'
}
