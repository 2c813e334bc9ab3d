/**
 * The floor: what Skiff asks of the engine and of the kernel for a pod, replayed without Skiff. The configuration is what the
 * engine shows of a pod that Skiff has started.
 */
import { join } from 'node:path'
import type Docker from 'dockerode'
import { runScript } from '../../packages/agent/src/network/host-commands.ts'
import { plumbPod } from '../../packages/agent/src/network/plumbing.ts'
import { ResidentShell } from '../../packages/agent/src/network/resident-shell.ts'
import { insideHost } from '../../packages/cli/src/hosts/index.ts'
import type { ClusterHost } from '../../test/support/cluster.ts'
import { BENCH_LABEL, type PodStarter } from './bare-docker.ts'

type Recorded = Pick<Docker.ContainerCreateOptions, 'HostConfig'> & Record<string, unknown>

export class Floor implements PodStarter {
  /** As the agent has it: inside the host. */
  readonly #shell: ResidentShell
  readonly #docker: Docker
  readonly #sandbox: Recorded
  readonly #app: Recorded
  #started = 0

  /** Records the pod that runs on the host with this uid. */
  static async of(host: ClusterHost, docker: Docker, podUid: string): Promise<Floor> {
    const listed = await docker.listContainers({ filters: { label: [`io.kubernetes.pod.uid=${podUid}`] } })
    const infos = await Promise.all(listed.map(({ Id }) => docker.getContainer(Id).inspect()))
    const isSandbox = ({ Config }: Docker.ContainerInspectInfo) => Config.Labels['io.kubernetes.container.name'] === 'POD'
    const sandbox = infos.find(isSandbox)
    const app = infos.find((info) => !isSandbox(info))
    if (sandbox === undefined || app === undefined) throw new Error(`pod ${podUid} has no two containers`)
    const { Hostname: _refusedWhereJoined, ...config } = app.Config
    // The pod's own files go with it.
    const Mounts = await Promise.all((app.HostConfig.Mounts ?? []).map((mount, i) => copied(mount, `${i}`, host)))
    const HostConfig = { ...app.HostConfig, Mounts }
    return new Floor(host, docker, { ...sandbox.Config, HostConfig: sandbox.HostConfig }, { ...config, HostConfig })
  }

  private constructor(host: ClusterHost, docker: Docker, sandbox: Recorded, app: Recorded) {
    this.#shell = new ResidentShell(insideHost(host.host, ['sh']))
    this.#docker = docker
    this.#sandbox = sandbox
    this.#app = app
  }

  async startPod(name: string): Promise<void> {
    const place = (this.#started++ % 200) + 2
    const labelled = (recorded: Recorded, role: string) => ({
      ...recorded,
      Labels: { ...(recorded.Labels as object), [BENCH_LABEL]: '1', 'dev.skiff/cluster': 'bench', 'io.kubernetes.pod.uid': name },
      name: `floor-${name}-${role}`,
    })
    const sandbox = await this.#docker.createContainer({ ...labelled(this.#sandbox, 'sandbox'), Hostname: name })
    const joined = { NetworkMode: `container:${sandbox.id}`, IpcMode: `container:${sandbox.id}` }
    const HostConfig = { ...this.#app.HostConfig, ...joined }
    const createApp = async () => {
      await this.#docker.getImage(String(this.#app.Image)).inspect()
      return await this.#docker.createContainer({ ...labelled(this.#app, 'app'), HostConfig })
    }
    const [app] = await Promise.all([createApp(), this.#startSandbox(sandbox, place)])
    await app.start()
    await app.inspect()
  }

  async #startSandbox(sandbox: Docker.Container, place: number): Promise<void> {
    await sandbox.start()
    const { State } = await sandbox.inspect()
    const commands = { script: (script: string) => runScript(this.#shell, script) }
    const ip = `10.254.0.${place}`
    await plumbPod(commands, { link: `bench${place}`, pid: State.Pid, ip, nodeAddress: '127.0.0.1', comment: 'bench' })
  }
}

/** A copy that stays when the pod goes. */
async function copied(mount: Docker.MountSettings, name: string, host: ClusterHost): Promise<Docker.MountSettings> {
  const Source = join(host.host.folder, 'floor', name)
  await host.exec(['mkdir', '-p', join(host.host.folder, 'floor')])
  await host.exec(['cp', '-rT', mount.Source, Source])
  return { ...mount, Source }
}
