import { readdir, readFile, statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import { onHost } from '../runtime/docker/engine-paths.ts'
import type { MachineFacts } from './node-status.ts'

const GPUS = '/proc/driver/nvidia/gpus'

/** What the host itself says. `dataRoot`: where the engine keeps its data. */
export async function machineFacts(dataRoot: string): Promise<MachineFacts> {
  const disk = await statfs(dataRoot)
    .catch(() => statfs(onHost(dataRoot)))
    .catch(() => statfs('/'))
  return {
    machineId: await text('/etc/machine-id'),
    systemUuid: await text('/sys/class/dmi/id/product_uuid'),
    bootId: await text('/proc/sys/kernel/random/boot_id'),
    hostname: hostname(),
    diskBytes: disk.blocks * disk.bsize,
    gpus: await gpus(),
  }
}

/** As NVIDIA's driver lists them, by their UUIDs. */
async function gpus(): Promise<readonly string[]> {
  const found = await readdir(GPUS).catch(() => [])
  const facts = await Promise.all(found.map((slot) => text(`${GPUS}/${slot}/information`)))
  return facts.flatMap((about) => /^GPU UUID:\s*(GPU-\S+)$/m.exec(about)?.[1] ?? []).toSorted()
}

async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim()
}
