import type { ImageError, ImageRequest, ImageService, PresentImage, RemovableImage } from '../runtime.ts'

/** Images in memory: every name is there unless a test says what it answers instead. */
export class FakeImages implements ImageService {
  readonly requests: ImageRequest[] = []
  readonly #failures = new Map<string, ImageError>()
  readonly #listeners = new Set<() => void>()
  readonly #present = new Map<string, PresentImage>()

  get listeners(): number {
    return this.#listeners.size
  }

  /** Until `heal(image)` every request for it fails. */
  fail(image: string, error: ImageError): void {
    this.#failures.set(image, error)
  }

  heal(image: string): void {
    this.#failures.delete(image)
  }

  async ensure(request: ImageRequest): Promise<PresentImage> {
    await Promise.resolve()
    this.requests.push(request)
    const failure = this.#failures.get(request.image)
    if (failure !== undefined) throw failure
    const known = this.#present.get(request.image)
    const image = known ?? fakeImage(request.image)
    this.#present.set(request.image, image)
    if (known === undefined) for (const listener of this.#listeners) listener()
    return image
  }

  async list() {
    return [...this.#present].map(([name, image]) => ({ id: image.id, names: [name], sizeBytes: 1_000_000 }))
  }

  async export(): Promise<undefined> {
    return undefined
  }

  async removable() {
    return [...this.#present].map(([name, { id }]) => ({
      id,
      names: [name],
      sizeBytes: 1_000_000,
      lastUsedMs: 0,
      firstSeenMs: 0,
    }))
  }

  async remove({ names }: RemovableImage): Promise<boolean> {
    return names.some((name) => this.#present.delete(name))
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

function fakeImage(name: string): PresentImage {
  const id = `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`
  const config = { user: '', env: [], entrypoint: [], command: ['/app'], workingDir: '', volumes: [] }
  return { id, imageRef: id, config }
}
