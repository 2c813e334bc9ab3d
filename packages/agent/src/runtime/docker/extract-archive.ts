import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'

/**
 * tar itself sees to it that no link in the archive leads out of the directory. It ends at the archive's own end mark, which may
 * be before the engine's answer ends: that one is read to its end, for it alone says whether everything came.
 * Throws what cut the archive off, or what tar complains of.
 */
export async function extractArchive(archive: Readable, directory: string): Promise<void> {
  const tar = spawn('tar', ['-x', '-p', '--numeric-owner', '-f', '-', '-C', directory], { stdio: ['pipe', 'ignore', 'pipe'] })
  // What was not started may have no pipes: its error is all that comes, and is thrown here.
  if (tar.pid === undefined) await once(tar, 'spawn')
  const cutOff = finished(archive).then(
    () => undefined,
    (error: unknown) => error,
  )
  archive.pipe(tar.stdin)
  // After `pipe`, which pauses the archive when its reader goes.
  tar.stdin.on('error', () => undefined).on('close', () => archive.resume())
  archive.on('error', () => tar.stdin.end())
  const [[code], complaint, problem] = await Promise.all([once(tar, 'close'), text(tar.stderr), cutOff])
  if (code !== 0) throw new Error(`its files could not be unpacked: ${complaint.trim().slice(0, 500)}`)
  if (problem !== undefined) throw problem
}
