import { setTimeout as delay } from 'node:timers/promises'
import { type Container, type Pod, podIsTerminal, podLimits, quantityToBytes } from '@skiff/api'
import type { ContainerRuntime } from '../runtime/runtime.ts'
import { readLogUsage } from '../stats/pod-disk.ts'
import { diskUsage } from '../volumes/disk-usage.ts'
import { podDirectory } from '../volumes/pod-directory.ts'
import { containerOf, runningContainers } from './container-history.ts'

export interface LocalStorageOptions {
  readonly runtime: ContainerRuntime
  readonly dataDir: string
  readonly pods: () => readonly Pod[]
  readonly evict: (pod: Pod, message: string) => void
  readonly signal: AbortSignal
}

/** As often as the kubelet; less often where looking takes more than a twentieth of the time. */
const LEAST_PAUSE_MS = 10_000
const PAUSE_PER_WORK = 20

/** Evicts pods whose containers wrote beyond their limits of ephemeral-storage (files, logs, emptyDirs), until the signal. */
export async function limitLocalStorage(options: LocalStorageOptions): Promise<void> {
  const { pods, evict, signal } = options
  while (!signal.aborted) {
    const startedMs = performance.now()
    for (const pod of pods().filter((one) => !podIsTerminal(one) && podLimits(one.spec).ephemeralStorageBytes > 0)) {
      // An engine that doesn't answer is asked again.
      const message = await exceeded(pod, options).catch(() => undefined)
      if (message !== undefined) evict(pod, message)
    }
    const workMs = performance.now() - startedMs
    await delay(Math.max(LEAST_PAUSE_MS, workMs * PAUSE_PER_WORK), undefined, { signal }).catch(() => undefined)
  }
}

/** The kubelet's words. */
async function exceeded(pod: Pod, options: LocalStorageOptions): Promise<string | undefined> {
  let used = 0
  for (const running of runningContainers(await options.runtime.inspectPod(pod.metadata.uid))) {
    const own = (await options.runtime.writtenBytes(running.id)) + (await readLogUsage(running)).bytes
    const limit = limitOf(containerOf(pod, running.name))
    if (limit !== undefined && own > Number(quantityToBytes(limit))) {
      return `Container ${running.name} exceeded its local ephemeral storage limit "${limit}". `
    }
    used += own
  }
  const limit = podLimits(pod.spec).ephemeralStorageBytes
  if (used + (await emptyDirBytes(pod, options.dataDir, limit)) <= limit) return undefined
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `
}

function limitOf(container: Container | undefined): string | number | undefined {
  return container?.resources?.limits?.['ephemeral-storage']
}

async function emptyDirBytes(pod: Pod, dataDir: string, enough: number): Promise<number> {
  const directory = podDirectory(dataDir, pod.metadata.uid)
  let bytes = 0
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.emptyDir && !volume.emptyDir.medium) bytes += await diskUsage(directory.volume(volume), enough)
  }
  return bytes
}
