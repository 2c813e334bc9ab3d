import { join } from 'node:path'
import { readIfPresent, writePrivateFile } from './private-file.ts'

export interface ClusterRanges {
  readonly serviceCidr: string
  readonly podCidr: string
}

const FILE = 'ranges.json'

/** The ranges that the cluster was made with; undefined before its first start. */
export async function readClusterRanges(dataDir: string): Promise<ClusterRanges | undefined> {
  const text = await readIfPresent(join(dataDir, FILE))
  return text === undefined ? undefined : (JSON.parse(text) as ClusterRanges)
}

export async function writeClusterRanges(dataDir: string, ranges: ClusterRanges): Promise<void> {
  await writePrivateFile(join(dataDir, FILE), `${JSON.stringify(ranges)}\n`)
}
