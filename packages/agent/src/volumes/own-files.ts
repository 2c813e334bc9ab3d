import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Container, Pod } from '@skiff/api'
import { type ClusterDns, hostnameOf, hostsFile, resolvConf } from '../containers/pod-files.ts'
import { ifThere } from '../if-there.ts'
import type { Mount } from '../runtime/runtime.ts'
import type { PodDirectory } from './pod-directory.ts'

/**
 * Writes the files that Docker would manage for containers of its own networks. Synchronously, as all that is small, ours and
 * there for each pod: handing it to another thread and waiting for it costs several times what it takes.
 */
export function writePodFiles(directory: PodDirectory, pod: Pod, podIp: string, dns: ClusterDns): void {
  const hostFile = pod.spec.hostNetwork ? (readIfThere('/etc/hosts') ?? '') : ''
  writeShared(directory.etcHosts, hostsFile(pod, podIp, dns, hostFile))
  writeShared(directory.resolvConf, resolvConf(pod, dns, hostResolvConf()))
  writeShared(directory.hostname, `${hostnameOf(pod)}\n`)
}

/** What a container that starts now gets of them, and the file for its last words. */
export function ownMounts(directory: PodDirectory, container: Container, attempt: number): Mount[] {
  const message = directory.terminationLog(container.name, attempt)
  mkdirSync(dirname(message), { recursive: true, mode: 0o755 })
  writeFileSync(message, '')
  chmodSync(message, 0o666)
  const target = container.terminationMessagePath ?? '/dev/termination-log'
  return [
    { source: directory.etcHosts, target: '/etc/hosts', readOnly: false },
    { source: directory.hostname, target: '/etc/hostname', readOnly: true },
    { source: directory.resolvConf, target: '/etc/resolv.conf', readOnly: false },
    { source: message, target, readOnly: false },
  ]
}

/** In place: a running container has this very file mounted. */
function writeShared(path: string, text: string): void {
  if (readIfThere(path) === text) return
  writeFileSync(path, text)
  chmodSync(path, 0o644)
}

/** Where systemd-resolved runs, /etc/resolv.conf names a server that only the host itself can reach. */
function hostResolvConf(): string {
  const own = readIfThere('/etc/resolv.conf') ?? ''
  if (!own.includes('127.0.0.53')) return own
  return readIfThere('/run/systemd/resolve/resolv.conf') || own
}

function readIfThere(path: string): string | undefined {
  return ifThere(() => readFileSync(path, 'utf8'))
}
