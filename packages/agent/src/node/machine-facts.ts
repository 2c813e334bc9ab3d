import { readFile, statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import { onHost } from '../runtime/docker/engine-paths.ts'
import type { MachineFacts } from './node-status.ts'

/** What the host itself says. `dataRoot`: where the engine keeps its data. */
export async function machineFacts(dataRoot: string): Promise<MachineFacts> {
  const disk = await statfs(dataRoot)
    .catch(() => statfs(onHost(dataRoot)))
    .catch(() => statfs('/'))
  const [pidsMax, loadavg] = [await text('/proc/sys/kernel/pid_max'), await text('/proc/loadavg')]
  const threads = Number(loadavg.split(' ')[3]?.split('/')[1] ?? 0)
  return {
    machineId: await text('/etc/machine-id'),
    systemUuid: await text('/sys/class/dmi/id/product_uuid'),
    bootId: await text('/proc/sys/kernel/random/boot_id'),
    hostname: hostname(),
    memoryAvailableBytes: await availableMemory(),
    diskBytes: disk.blocks * disk.bsize,
    diskAvailableBytes: disk.bavail * disk.bsize,
    pidsFree: Number(pidsMax || 32_768) - threads,
  }
}

async function availableMemory(): Promise<number> {
  const line = /^MemAvailable:\s+(\d+) kB$/m.exec(await text('/proc/meminfo'))
  return Number(line?.[1] ?? Number.MAX_SAFE_INTEGER / 1024) * 1024
}

async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim()
}
