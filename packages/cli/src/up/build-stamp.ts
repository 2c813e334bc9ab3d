/** Says which build of ours a process runs, so that `up` restarts what a rebuild changed. */
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGES = join(import.meta.dirname, '..', '..', '..')

/** A hash over the built files of all packages: names, sizes and times of writing. */
export function buildStamp(packages = PACKAGES): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(packages).sort()) {
    const dist = join(packages, name, 'dist')
    for (const file of builtFiles(dist)) {
      const { size, mtimeMs } = statSync(file)
      hash.update(`${file}\0${size}\0${mtimeMs}\n`)
    }
  }
  return hash.digest('hex').slice(0, 16)
}

function builtFiles(dist: string): string[] {
  try {
    return readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.js'))
      .sort()
      .map((file) => join(dist, file))
  } catch {
    return []
  }
}
