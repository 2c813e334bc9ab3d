import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * As `mkdir -p`. Node's own recursive mkdir never ends, and keeps a core busy, below a directory that is there and says
 * of every new name that it does not exist, as /proc does.
 */
export async function makeDirectories(path: string, mode: number): Promise<void> {
  const whole = resolve(path)
  if (await isDirectory(whole)) return
  if (whole !== dirname(whole)) await makeDirectories(dirname(whole), mode)
  await mkdir(whole, { mode }).catch(async (error: unknown) => {
    // Somebody else may have made it meanwhile.
    if (!(await isDirectory(whole))) throw error
  })
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
