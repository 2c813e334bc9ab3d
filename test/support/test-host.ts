/** Hosts for end-to-end tests: network, daemon and disk of their own, gone when the test is over. */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createFabric,
  type DaemonOptions,
  type Fabric,
  fabricOf,
  type Host,
  hostAddress,
  hostPort,
  hostSocket,
  insideHost,
  powerOffHost,
  removeFabric,
  removeHost,
  run,
  startDaemon,
  startHost,
} from '../../packages/cli/src/hosts/index.ts'

export interface TestFabric extends AsyncDisposable {
  readonly fabric: Fabric
  /** Numbers, and so addresses, count up from 2; the machine itself has 1. */
  startHost(name: string, daemon?: DaemonOptions): Promise<TestHost>
}

/** A network of its own name and range, so that test runs don't meet. Disposing it removes its hosts first. */
export async function createTestFabric(): Promise<TestFabric> {
  const fabric = fabricOf(`skt${randomBytes(3).toString('hex')}`, await freePrefix())
  const folder = mkdtempSync(join(tmpdir(), 'skt-'))
  const hosts: TestHost[] = []
  await createFabric(fabric)
  return {
    fabric,
    async startHost(name, daemon = {}) {
      const number = hosts.length + 2
      const host = new TestHost({ name, number, folder: join(folder, name), fabric }, daemon)
      hosts.push(host)
      await host.powerOn()
      return host
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()))
      await removeFabric(fabric)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export class TestHost implements AsyncDisposable {
  readonly host: Host
  readonly #daemon: DaemonOptions
  #movedTo: string | undefined

  constructor(host: Host, daemon: DaemonOptions = {}) {
    this.host = host
    this.#daemon = daemon
  }

  get name(): string {
    return this.host.name
  }

  get ip(): string {
    return this.#movedTo ?? hostAddress(this.host)
  }

  /** For the Docker client: `unix://...`, the same path inside and outside. */
  get dockerHost(): string {
    return `unix://${hostSocket(this.host)}`
  }

  /** Runs a program inside and gives its output. */
  exec(command: readonly string[], input = ''): Promise<string> {
    const [program = '', ...args] = insideHost(this.host, command)
    return run(program, args, input)
  }

  docker(...args: string[]): Promise<string> {
    return run('docker', ['-H', this.dockerHost, ...args])
  }

  /** Its network gives it another address: the last number. What was connected from the old one is not told. */
  async moveTo(number: number): Promise<void> {
    const { prefix, gateway } = this.host.fabric
    const [before, now] = [this.ip, `${prefix}.${number}`]
    const lines = [`addr del ${before}/24 dev eth0`, `addr add ${now}/24 dev eth0`, `route replace default via ${gateway}`]
    await this.exec(['ip', '-batch', '-'], `${lines.join('\n')}\n`)
    this.#movedTo = now
  }

  /** From now on nothing passes in that direction between this host and others, the machine itself among them. */
  async cutOneWay(direction: 'in' | 'out', others: readonly string[]): Promise<void> {
    const [hook, end] = direction === 'in' ? ['prerouting', 'saddr'] : ['postrouting', 'daddr']
    const chain = `type filter hook ${hook} priority -500; ip ${end} { ${others.join(', ')} } drop`
    await this.exec(['nft', '-f', '-'], `table ip cut {\n chain cut { ${chain}; }\n}\n`)
  }

  /** Ends `cutOneWay`. */
  async healOneWay(): Promise<void> {
    await this.exec(['nft', 'delete', 'table', 'ip', 'cut'])
  }

  cut(): Promise<string> {
    return run('ip', ['link', 'set', hostPort(this.host), 'down'])
  }

  heal(): Promise<string> {
    return run('ip', ['link', 'set', hostPort(this.host), 'up'])
  }

  powerOn(daemon = this.#daemon): Promise<void> {
    return startHost(this.host, daemon)
  }

  powerOff(): Promise<void> {
    return powerOffHost(this.host)
  }

  async killDaemon(): Promise<void> {
    await this.#signalDaemon('KILL')
  }

  /** The daemon hangs until the result is disposed of. */
  async pauseDaemon(): Promise<AsyncDisposable> {
    await this.#signalDaemon('STOP')
    return { [Symbol.asyncDispose]: () => this.#resumeDaemon() }
  }

  /** Everything on it stands still until the result is disposed of, as in a machine that is suspended: its kernel alone goes on. */
  async suspend(): Promise<AsyncDisposable> {
    await this.exec(['sh', '-c', 'kill -STOP -1'])
    return { [Symbol.asyncDispose]: () => this.#resume() }
  }

  async #resume(): Promise<void> {
    await this.exec(['sh', '-c', 'kill -CONT -1'])
    this.#continueStarters()
  }

  async #signalDaemon(signal: string): Promise<void> {
    await this.exec(['sh', '-c', `kill -${signal} $(cat /run/docker.pid)`])
  }

  async #resumeDaemon(): Promise<void> {
    await this.#signalDaemon('CONT')
    this.#continueStarters()
  }

  /** The `nsenter` that started a process stops with it, but only goes on when it is told itself. */
  #continueStarters(): void {
    for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const commandLine = commandLineOf(Number(entry))
      if (commandLine.startsWith('nsenter') && commandLine.includes(this.host.folder)) process.kill(Number(entry), 'SIGCONT')
    }
  }

  startDaemon(daemon = this.#daemon): Promise<void> {
    return startDaemon(this.host, daemon)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return removeHost(this.host)
  }
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** A /24 that no route of this machine speaks of. */
async function freePrefix(): Promise<string> {
  const routes = await run('ip', ['route'])
  for (;;) {
    const prefix = `10.${randomInt(128, 192)}.${randomInt(0, 256)}`
    if (!routes.includes(prefix)) return prefix
  }
}
