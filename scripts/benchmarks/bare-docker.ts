/** What a pod costs without Skiff: a sandbox on network `none` and a container that joins it, by bare API calls. */
import Docker from 'dockerode'

export const PAUSE_IMAGE = 'skiff/pause:2'
const LABEL = 'dev.skiff.bench'

export class BareDocker {
  readonly #docker: Docker

  constructor(socketPath: string) {
    this.#docker = new Docker({ socketPath })
  }

  async startPod(name: string): Promise<void> {
    const common = { Image: PAUSE_IMAGE, Labels: { [LABEL]: '1' } }
    const sandbox = await this.#docker.createContainer({
      ...common,
      name: `bench-${name}-sandbox`,
      Hostname: name,
      HostConfig: { NetworkMode: 'none' },
    })
    await sandbox.start()
    const app = await this.#docker.createContainer({
      ...common,
      name: `bench-${name}`,
      HostConfig: { NetworkMode: `container:${sandbox.id}` },
    })
    await app.start()
  }

  /** Seconds for so many pods, so many at once. */
  async startPods(count: number, concurrency: number): Promise<number> {
    const names = Array.from({ length: count }, (_, i) => `c${concurrency}-${i}`)
    const start = performance.now()
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        for (let name = names.pop(); name !== undefined; name = names.pop()) await this.startPod(name)
      }),
    )
    return (performance.now() - start) / 1000
  }

  async removeAll(): Promise<void> {
    const containers = await this.#docker.listContainers({ all: true, filters: { label: [LABEL] } })
    await Promise.all(containers.map(({ Id }) => this.#docker.getContainer(Id).remove({ force: true })))
  }
}
