import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Container, Pod } from '@skiff/api'
import { type ClusterDns, hostnameOf, hostsFile, resolvConf } from '../containers/pod-files.ts'
import type { Mount } from '../runtime/runtime.ts'
import type { PodDirectory } from './pod-directory.ts'

/** Writes the files that Docker would manage for containers of its own networks. */
export async function writePodFiles(directory: PodDirectory, pod: Pod, podIp: string, dns: ClusterDns): Promise<void> {
  await writeShared(directory.etcHosts, hostsFile(pod, podIp, dns, await readHostFile('/etc/hosts')))
  await writeShared(directory.resolvConf, resolvConf(pod, dns, await hostResolvConf()))
  await writeShared(directory.hostname, `${hostnameOf(pod)}\n`)
}

/** What a container that starts now gets of them, and the file for its last words. */
export async function ownMounts(directory: PodDirectory, container: Container, attempt: number): Promise<Mount[]> {
  const message = directory.terminationLog(container.name, attempt)
  await mkdir(dirname(message), { recursive: true, mode: 0o755 })
  await writeFile(message, '')
  await chmod(message, 0o666)
  const target = container.terminationMessagePath ?? '/dev/termination-log'
  return [
    { source: directory.etcHosts, target: '/etc/hosts', readOnly: false },
    { source: directory.hostname, target: '/etc/hostname', readOnly: true },
    { source: directory.resolvConf, target: '/etc/resolv.conf', readOnly: false },
    { source: message, target, readOnly: false },
  ]
}

/** In place: a running container has this very file mounted. */
async function writeShared(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return
  await writeFile(path, text)
  await chmod(path, 0o644)
}

async function readHostFile(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '')
}

/** Where systemd-resolved runs, /etc/resolv.conf names a server that only the host itself can reach. */
async function hostResolvConf(): Promise<string> {
  const own = await readHostFile('/etc/resolv.conf')
  if (!own.includes('127.0.0.53')) return own
  return (await readHostFile('/run/systemd/resolve/resolv.conf')) || own
}
