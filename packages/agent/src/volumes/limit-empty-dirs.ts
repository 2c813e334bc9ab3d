import { setTimeout as delay } from 'node:timers/promises'
import { type Pod, podIsTerminal, quantityToBytes, type Volume } from '@skiff/api'
import { diskUsage } from './disk-usage.ts'
import { podDirectory } from './pod-directory.ts'

export interface LimitOptions {
  readonly dataDir: string
  readonly pods: () => readonly Pod[]
  readonly evict: (pod: Pod, message: string) => void
  readonly signal: AbortSignal
}

/** The kubelet looks every 10 s; here looking may take a twentieth of the time, so that large trees are looked at less often. */
const LEAST_PAUSE_MS = 2_000
const PAUSE_PER_WORK = 20

/** Evicts pods whose disk-backed emptyDirs grew beyond their limit, until the signal. Memory-backed ones can't. */
export async function limitEmptyDirs({ dataDir, pods, evict, signal }: LimitOptions): Promise<void> {
  while (!signal.aborted) {
    const startedMs = performance.now()
    for (const pod of pods().filter((one) => !podIsTerminal(one) && limitedVolumes(one).length > 0)) {
      const message = await exceeded(pod, dataDir)
      if (message !== undefined) evict(pod, message)
    }
    const workMs = performance.now() - startedMs
    await delay(Math.max(LEAST_PAUSE_MS, workMs * PAUSE_PER_WORK), undefined, { signal }).catch(() => undefined)
  }
}

async function exceeded(pod: Pod, dataDir: string): Promise<string | undefined> {
  const directory = podDirectory(dataDir, pod.metadata.uid)
  for (const volume of limitedVolumes(pod)) {
    const sizeLimit = volume.emptyDir?.sizeLimit ?? '0'
    const limit = Number(quantityToBytes(sizeLimit))
    if ((await diskUsage(directory.volume(volume), limit)) <= limit) continue
    return `Usage of EmptyDir volume "${volume.name}" exceeds the limit "${sizeLimit}". `
  }
  return undefined
}

function limitedVolumes({ spec }: Pod): readonly Volume[] {
  return (spec.volumes ?? []).filter(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && !emptyDir.medium && limits(emptyDir))
}

/** A limit of 0 is none. */
function limits({ sizeLimit }: NonNullable<Volume['emptyDir']>): boolean {
  return quantityToBytes(sizeLimit ?? '0') > 0n
}
