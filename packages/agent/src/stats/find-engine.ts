/** Which processes of this host are the Docker Engine. */

import { readlinkSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { ifThere } from '../if-there.ts'
import { onHost } from '../runtime/docker/engine-paths.ts'
import { text } from './cgroup.ts'

/** A unix socket that somebody listens on. */
export interface Listener {
  readonly path: string
  /** Of the socket itself, as `/proc/<pid>/fd` calls it: not of the file. */
  readonly inode: string
}

/**
 * The daemon that listens on the socket, then the containerd that it works with: its child, or a service of its own. Empty: it can't
 * be seen from here, as when it runs in a virtual machine or on another host.
 */
export async function findEngine(socketPath: string): Promise<readonly number[]> {
  const listeners = parseListeners(text('/proc/net/unix'))
  const sockets = listenersAt(socketPath, listeners)
  if (sockets.length === 0) return []
  const holders = await findHolders(new Set(listeners.map(({ inode }) => inode)))
  const holderOf = (found: readonly Listener[]) => found.map(({ inode }) => holders.get(inode)).find((pid) => pid !== undefined)
  const daemon = holderOf(sockets)
  if (daemon === undefined) return []
  const commandLine = text(`/proc/${daemon}/cmdline`).split('\0')
  const containerds = containerdSockets(commandLine).map((path) => holderOf(listenersAt(path, listeners)))
  const containerd = containerds.find((pid) => pid !== undefined)
  return containerd === undefined ? [daemon] : [daemon, containerd]
}

/** The flag of a socket that is listened on (the kernel's `__SO_ACCEPTCON`). */
const LISTENS = '00010000'

/** Of `/proc/net/unix`, as far as they have a file. */
export function parseListeners(content: string): readonly Listener[] {
  return content.split('\n').flatMap((line) => {
    const [, , , flags, , , inode, ...path] = line.trim().split(/ +/)
    return flags === LISTENS && inode !== undefined && path[0]?.startsWith('/') ? [{ inode, path: path.join(' ') }] : []
  })
}

/** Where it listens, by what dockerd was told: else its own one's place, then the one of a service that is there already. */
export function containerdSockets(commandLine: readonly string[]): readonly string[] {
  const named = flagOf('containerd', commandLine)
  if (named !== undefined) return [named]
  return [`${flagOf('exec-root', commandLine) ?? '/run/docker'}/containerd/containerd.sock`, '/run/containerd/containerd.sock']
}

function flagOf(name: string, commandLine: readonly string[]): string | undefined {
  const at = commandLine.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`))
  const word = commandLine[at]
  return word?.includes('=') ? word.slice(word.indexOf('=') + 1) : word && commandLine[at + 1]
}

/** One socket has many names, by links and by mounts: what counts is the file. */
function listenersAt(path: string, listeners: readonly Listener[]): readonly Listener[] {
  const [file] = filesAt(path)
  return file === undefined ? [] : listeners.filter((listener) => filesAt(listener.path).includes(file))
}

/** As seen from here, then from the host's first process. A link on the way there, as /var/run is one, would lead back here. */
function filesAt(path: string): readonly string[] {
  return [path, onHost(path.replace(/^\/var\/run\//, '/run/'))].flatMap((seen) => {
    const found = ifThere(() => statSync(seen))
    return found === undefined ? [] : [`${found.dev}:${found.ino}`]
  })
}

/** The process of each of these sockets. systemd, as the first process, holds those that it has made for others: it is not meant. */
async function findHolders(inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
  const holders = new Map<string, number>()
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== '1').map(Number)
  for (const pid of pids.sort((a, b) => a - b)) {
    for (const inode of await socketsOf(pid)) if (inodes.has(inode) && !holders.has(inode)) holders.set(inode, pid)
  }
  return holders
}

async function socketsOf(pid: number): Promise<readonly string[]> {
  const directory = `/proc/${pid}/fd`
  const names = await readdir(directory).catch(() => [])
  return names.flatMap((name) => /^socket:\[(\d+)\]$/.exec(ifThere(() => readlinkSync(`${directory}/${name}`)) ?? '')?.[1] ?? [])
}
