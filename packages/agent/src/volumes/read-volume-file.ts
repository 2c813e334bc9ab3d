import { ConfigError } from '../containers/config-error.ts'
import { openExisting, SubPathError } from './sub-path.ts'

const MAX_BYTES = 64 * 1024

/**
 * A small file of a volume that the pod can write to, so that it may be a link to the host's files, a pipe without an end, or
 * gone. Undefined: it isn't there. Throws ConfigError for what is no file of the volume.
 */
export async function readVolumeFile(volume: string, path: string): Promise<string | undefined> {
  try {
    await using file = await openExisting(volume, path)
    if (file === undefined) return undefined
    const found = await file.stat()
    if (!found.isFile()) throw new ConfigError(`${path} is not a file`)
    if (found.size > MAX_BYTES) throw new ConfigError(`file ${path} has more than ${MAX_BYTES} bytes`)
    return (await file.readFile()).subarray(0, MAX_BYTES).toString('utf8')
  } catch (error) {
    if (!(error instanceof SubPathError)) throw error
    throw new ConfigError(`file ${path} can't be read: ${error.message}`, { cause: error })
  }
}
