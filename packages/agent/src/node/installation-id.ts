import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'

/** The same after a wiped data directory; another one on another machine, or for another agent of this one. */
export async function installationId(dataDir: string): Promise<string> {
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '')
  return createHash('sha256').update([machine.trim(), hostname(), dataDir].join('\n')).digest('hex').slice(0, 32)
}
