/**
 * A host made of namespaces: its own network, mounts, processes, hostname and IPC, with a Docker daemon of its own.
 * It outlives the command that made it, and is known by its folder: `init.json` says which process holds it.
 *
 * Whatever runs on it is ended by ending its first process, as a machine's power does.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Fabric, hardwareAddress } from './fabric.ts'
import { isAlive, type ProcessIdentity, processIdentity } from './process-identity.ts'
import { run, tryRun } from './run.ts'

export interface Host {
  /** Its hostname. */
  readonly name: string
  /** 2 to 254: the last number of its address. */
  readonly number: number
  /** Its state: the daemon's data, socket and log. */
  readonly folder: string
  readonly fabric: Fabric
}

export interface DaemonOptions {
  readonly liveRestore?: boolean
  readonly args?: readonly string[]
}

const INIT_TIMEOUT_MS = 30_000
const DAEMON_TIMEOUT_MS = 60_000
const DAEMON_RETRY_MS = 500
const POLL_MS = 20

export const hostAddress = ({ fabric, number }: Host): string => `${fabric.prefix}.${number}`
export const hostSocket = ({ folder }: Host): string => join(folder, 'docker.sock')
const namespaceOf = ({ fabric, number }: Host): string => `${fabric.name}-${number}`
/** The machine's end of the host's cable. */
export const hostPort = ({ fabric, number }: Host): string => `${fabric.name}p${number}`
/** Of its containers, below the control groups' root. */
export const cgroupOf = ({ fabric, number }: Host): string => `skiff-${fabric.name}-${number}`
const initFile = ({ folder }: Host): string => join(folder, 'init.json')

/** Switches the host on: network, first process, Docker daemon. Idempotent; resolves when the daemon answers. */
export async function startHost(host: Host, daemon: DaemonOptions = {}): Promise<void> {
  mkdirSync(host.folder, { recursive: true, mode: 0o700 })
  await plugIn(host)
  if (!hostIsOn(host)) await startInit(host)
  if (!(await daemonAnswers(host))) await startDaemon(host, daemon)
}

export function hostIsOn(host: Host): boolean {
  const init = initOf(host)
  return init !== undefined && isAlive(init)
}

/** A command line that runs inside the host. */
export function insideHost(host: Host, command: readonly string[]): string[] {
  const init = initOf(host)
  if (!init) throw new Error(`host ${host.name} is off`)
  return ['nsenter', '-t', String(init.pid), '-n', '-m', '-u', '-i', '-p', '--', ...command]
}

/**
 * Starts the Docker daemon and waits until it answers. One that ends at once is started again for a while, as a service
 * manager does: for some seconds after a kill the daemon refuses to start (its old pid file, its old containerd).
 */
export async function startDaemon(host: Host, options: DaemonOptions = {}): Promise<void> {
  writeFileSync(join(host.folder, 'daemon.json'), '{}')
  const deadline = Date.now() + DAEMON_TIMEOUT_MS
  let daemon = spawnDaemon(host, options)
  while (!(await daemonAnswers(host))) {
    if (Date.now() > deadline) {
      throw new Error(`the Docker daemon of host ${host.name} did not start: ${lastLineOf(join(host.folder, 'dockerd.log'))}`)
    }
    if (daemon.exitCode === null) await sleep(POLL_MS)
    else {
      await sleep(DAEMON_RETRY_MS)
      daemon = spawnDaemon(host, options)
    }
  }
}

function spawnDaemon(host: Host, { liveRestore = true, args = [] }: DaemonOptions): ChildProcess {
  const { folder, number } = host
  const places = ['--config-file', join(folder, 'daemon.json'), '--data-root', join(folder, 'docker')]
  const running = ['--exec-root', '/run/docker', '--pidfile', '/run/docker.pid', '-H', `unix://${hostSocket(host)}`]
  const groups = ['--cgroup-parent', `/${cgroupOf(host)}`, '--exec-opt', 'native.cgroupdriver=cgroupfs']
  const network = ['--bip', `172.30.${number}.1/24`, '--userland-proxy=false']
  const dockerd = ['dockerd', ...places, ...running, ...groups, ...network, ...(liveRestore ? ['--live-restore'] : []), ...args]
  const [program = '', ...rest] = insideHost(host, dockerd)
  const log = openSync(join(folder, 'dockerd.log'), 'a', 0o600)
  const daemon = spawn(program, rest, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  daemon.unref()
  return daemon
}

/** Power off: everything on the host is killed at once. Its folder stays, as a machine's disk does. */
export async function powerOffHost(host: Host): Promise<void> {
  const init = initOf(host)
  if (init && isAlive(init)) {
    process.kill(init.pid, 'SIGKILL')
    // The one that waits for it may be stopped, when something on the host was: it must reap.
    const waiting = parentOf(init.pid)
    const deadline = Date.now() + INIT_TIMEOUT_MS
    while (isAlive(init) && Date.now() < deadline) {
      if (waiting !== undefined) continueProcess(waiting)
      await sleep(POLL_MS)
    }
  }
  rmSync(initFile(host), { force: true })
  rmSync(hostSocket(host), { force: true })
  await tryRun('ip', ['link', 'del', hostPort(host)])
  await tryRun('ip', ['netns', 'del', namespaceOf(host)])
}

/** Powers off and takes the disk away. */
export async function removeHost(host: Host): Promise<void> {
  await powerOffHost(host)
  rmSync(host.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  await tryRun('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${cgroupOf(host)}*`, '-exec', 'rmdir', '{}', ';'])
}

async function plugIn(host: Host): Promise<void> {
  const namespace = namespaceOf(host)
  if (existsSync(`/run/netns/${namespace}`)) return
  const { fabric } = host
  const port = hostPort(host)
  await run('ip', ['netns', 'add', namespace])
  await run(
    'ip',
    ['-batch', '-'],
    [
      `link add ${port} type veth peer name eth0 address ${hardwareAddress(hostAddress(host))} netns ${namespace}`,
      `link set ${port} master ${fabric.bridge} up`,
    ].join('\n'),
  )
  const inside = [
    'link set lo up',
    `addr add ${hostAddress(host)}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${fabric.gateway}`,
  ]
  await run('ip', ['-n', namespace, '-batch', '-'], inside.join('\n'))
}

/**
 * The first process waits for ever and reaps what is left over. /run is empty as after a boot; /sys is this network's
 * own, with the machine's control groups.
 */
async function startInit(host: Host): Promise<void> {
  const { folder, name } = host
  writeFileSync(join(folder, 'resolv.conf'), nameServers())
  mkdirSync(join(folder, 'cgroup'), { recursive: true })
  const script = `
    set -e
    hostname ${name}
    mount --make-rprivate /
    mount --rbind /sys/fs/cgroup ${folder}/cgroup
    mount -t sysfs sysfs /sys
    mount --move ${folder}/cgroup /sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs /run
    if [ -L /etc/resolv.conf ]; then r=$(readlink -m /etc/resolv.conf); mkdir -p "$(dirname "$r")"; : > "$r"; fi
    mkdir -p /etc/docker && mount -t tmpfs tmpfs /etc/docker
    mount -t tmpfs -o mode=755 tmpfs /var/log
    mount --bind ${folder}/resolv.conf /etc/resolv.conf
    sleep infinity & : > ${folder}/booted
    while :; do wait; done`
  rmSync(join(folder, 'booted'), { force: true })
  const log = openSync(join(folder, 'init.log'), 'a', 0o600)
  const args = [
    `--net=/run/netns/${namespaceOf(host)}`,
    'unshare',
    '--mount',
    '--uts',
    '--ipc',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    'sh',
    '-c',
    script,
  ]
  const child = spawn('nsenter', args, { detached: true, stdio: ['ignore', log, log], cwd: '/' })
  closeSync(log)
  child.unref()
  const deadline = Date.now() + INIT_TIMEOUT_MS
  while (!existsSync(join(folder, 'booted'))) {
    if (Date.now() > deadline || child.exitCode !== null)
      throw new Error(`host ${name} did not start: ${lastLineOf(join(folder, 'init.log'))}`)
    await sleep(POLL_MS)
  }
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0])
  const init = processIdentity(pid)
  if (!init) throw new Error(`host ${name} ended as soon as it had started`)
  writeFileSync(initFile(host), JSON.stringify(init))
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) || undefined
  } catch {
    return undefined
  }
}

function continueProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It is gone, which is what was wanted.
  }
}

function initOf(host: Host): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(initFile(host), 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}

/** A stub resolver on loopback is not reachable from another network namespace: behind it stand the real ones. */
function nameServers(): string {
  const own = readFileSync('/etc/resolv.conf', 'utf8')
  const real = '/run/systemd/resolve/resolv.conf'
  return /^nameserver\s+127\./m.test(own) && existsSync(real) ? readFileSync(real, 'utf8') : own
}

function daemonAnswers(host: Host): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath: hostSocket(host), path: '/_ping', timeout: 1_000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    ping.once('error', () => resolve(false))
    ping.once('timeout', () => ping.destroy())
    ping.end()
  })
}

function lastLineOf(file: string): string {
  if (!existsSync(file)) return 'it said nothing'
  return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? ''
}
