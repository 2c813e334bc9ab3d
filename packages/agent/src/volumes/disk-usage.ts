import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'

const BLOCK_BYTES = 512

/**
 * What a directory takes on its disk, as `du` counts: blocks, and files with several names once. Stops counting beyond `enough`.
 * What goes away meanwhile counts for nothing.
 */
export async function diskUsage(path: string, enough = Number.POSITIVE_INFINITY): Promise<number> {
  const counted = new Set<string>()
  const directories = [path]
  let bytes = await sizeOf(path, counted)
  for (let directory = directories.pop(); directory !== undefined && bytes <= enough; directory = directories.pop()) {
    const entries = await opendir(directory).catch(() => undefined)
    if (entries === undefined) continue
    for await (const entry of entries) {
      const child = join(directory, entry.name)
      bytes += await sizeOf(child, counted)
      if (entry.isDirectory()) directories.push(child)
      if (bytes > enough) break
    }
  }
  return bytes
}

async function sizeOf(path: string, counted: Set<string>): Promise<number> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return 0
  if (found.nlink > 1 && !found.isDirectory()) {
    const id = `${found.dev}:${found.ino}`
    if (counted.has(id)) return 0
    counted.add(id)
  }
  return found.blocks * BLOCK_BYTES
}
