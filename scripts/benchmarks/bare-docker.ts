/** What a pod costs without Skiff: a sandbox on network `none` and a container that joins it, by bare API calls. */
import Docker from 'dockerode'

export const PAUSE_IMAGE = 'skiff/pause:2'
export const BENCH_LABEL = 'dev.skiff.bench'

/** Starts pods in some way, to be compared with others. */
export interface PodStarter {
  startPod(name: string): Promise<void>
}

export class BareDocker implements PodStarter {
  readonly docker: Docker
  readonly #pods = new Map<string, { readonly app: Docker.Container; readonly sandbox: Docker.Container }>()

  constructor(socketPath: string) {
    this.docker = new Docker({ socketPath })
  }

  async startPod(name: string): Promise<void> {
    const common = { Image: PAUSE_IMAGE, Labels: { [BENCH_LABEL]: '1' } }
    const sandbox = await this.docker.createContainer({
      ...common,
      name: `bench-${name}-sandbox`,
      Hostname: name,
      HostConfig: { NetworkMode: 'none' },
    })
    await sandbox.start()
    const app = await this.docker.createContainer({
      ...common,
      name: `bench-${name}`,
      // What is started ignores SIGTERM; it is to end at once, as a good program does.
      StopSignal: 'SIGKILL',
      HostConfig: { NetworkMode: `container:${sandbox.id}` },
    })
    await app.start()
    this.#pods.set(name, { app, sandbox })
  }

  /** Stops the container, then removes both at once. */
  async stopPod(name: string): Promise<void> {
    const pod = this.#pods.get(name)
    if (pod === undefined) throw new Error(`${name} was not started`)
    await pod.app.stop()
    await Promise.all([pod.app.remove(), pod.sandbox.remove({ force: true })])
  }

  async removeAll(): Promise<void> {
    const containers = await this.docker.listContainers({ all: true, filters: { label: [BENCH_LABEL] } })
    await Promise.all(containers.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true })))
  }
}

/** So many pods, so many at once. */
export async function startPods(starter: PodStarter, count: number, concurrency: number): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `many-${i}`)
  const startOneByOne = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) await starter.startPod(name)
  }
  await Promise.all(Array.from({ length: concurrency }, startOneByOne))
}
