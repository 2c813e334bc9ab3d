/** An engine's images in memory, and the registry that it pulls from: for tests of what is decided about them. */

import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { RegistryCredentials } from '../runtime/runtime.ts'
import { type ImageStore, RegistryError, type StoredImage } from './image-store.ts'

interface MemoryImage {
  readonly id: string
  readonly names: readonly string[]
  readonly sizeBytes?: number
}

export class MemoryImageStore implements ImageStore {
  readonly pulls: string[] = []
  readonly used = new Set<string>()
  /** Who may pull, by user name; undefined: anybody. */
  registryLets: readonly string[] | undefined
  /** Awaited while a pull has brought its image, but has not ended. */
  afterArrival: () => Promise<void> = async () => undefined
  #images: readonly MemoryImage[] = []

  add(image: MemoryImage): void {
    this.#images = [...this.#images.filter(({ id }) => id !== image.id), image]
  }

  async platform(): Promise<string> {
    return 'linux/amd64'
  }

  async inspect(name: string): Promise<StoredImage | undefined> {
    const found = this.#images.find((image) => image.id === name || image.names.includes(name))
    return found && storedImage(found)
  }

  async list() {
    return this.#images.map(({ id, names, sizeBytes = 1 }) => ({ id, names, sizeBytes }))
  }

  async inUse(): Promise<ReadonlySet<string>> {
    return this.used
  }

  async verify(_name: string, credentials: RegistryCredentials | undefined): Promise<void> {
    this.#letIn(credentials)
  }

  async pull(name: string, { credentials }: { readonly credentials: RegistryCredentials | undefined }): Promise<void> {
    this.#letIn(credentials)
    this.pulls.push(name)
    this.add({ id: `sha256:${name}`, names: [name, `${name.replace(/:[^/:]*$/, '')}@sha256:${'d'.repeat(64)}`] })
    await this.afterArrival()
  }

  async load(archive: NodeJS.ReadableStream): Promise<void> {
    this.add(JSON.parse(await text(archive)) as MemoryImage)
  }

  async save(name: string): Promise<Readable> {
    return Readable.from([JSON.stringify(this.#images.find(({ names }) => names.includes(name)))])
  }

  async untag(name: string): Promise<void> {
    this.#images = this.#images
      .map((image) => ({ ...image, names: image.names.filter((one) => one !== name) }))
      .filter(({ id, names }) => id !== name && names.length > 0)
  }

  watch(): void {}

  #letIn(credentials: RegistryCredentials | undefined): void {
    if (this.registryLets === undefined || this.registryLets.includes(credentials?.username ?? '')) return
    throw new RegistryError(`unauthorized: ${credentials?.username ?? 'nobody'} may not`)
  }
}

function storedImage({ id, names, sizeBytes = 1 }: MemoryImage): StoredImage {
  const config = { user: '', env: [], entrypoint: [], command: [], workingDir: '', volumes: [], exposedPorts: [], labels: {} }
  return {
    id,
    tags: names.filter((name) => !name.includes('@')),
    digests: names.filter((name) => name.includes('@')),
    architecture: 'amd64',
    os: 'linux',
    sizeBytes,
    layers: [],
    config: { ...config, stopSignal: '' },
  }
}
