import { link, open, rm, writeFile } from 'node:fs/promises'

/** Where a log can't be had for nothing, so much of its end is copied. */
const MOST_COPIED_BYTES = 2 ** 20

/** Gives a file of whole lines a second name; on another file system its end is copied. */
export async function keepFile(source: string, target: string): Promise<void> {
  try {
    await link(source, target)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOENT') return
    await copyEnd(source, target)
  }
}

async function copyEnd(source: string, target: string): Promise<void> {
  const file = await open(source, 'r')
  try {
    const { size } = await file.stat()
    const begin = Math.max(0, size - MOST_COPIED_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - begin), 0, size - begin, begin)
    const firstLine = begin === 0 ? 0 : buffer.indexOf(10) + 1
    await writeFile(target, buffer.subarray(firstLine, bytesRead), { mode: 0o600 })
  } catch (error) {
    await rm(target, { force: true })
    throw error
  } finally {
    await file.close()
  }
}
