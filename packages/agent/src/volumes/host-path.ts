import { mkdir, open, stat } from 'node:fs/promises'
import { ConfigError } from '../containers/config-error.ts'

/** Checks a hostPath by its type, and makes it where the type says so. Throws ConfigError in the kubelet's words. */
export async function checkHostPath(path: string, type: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  switch (type) {
    case '':
      return
    case 'DirectoryOrCreate':
      if (found === undefined) await mkdir(path, { recursive: true, mode: 0o755 })
      else if (!found.isDirectory()) refuse(path, 'a directory')
      return
    case 'FileOrCreate':
      if (found === undefined) await (await open(path, 'a', 0o644)).close()
      else if (!found.isFile()) refuse(path, 'a file')
      return
    case 'Directory':
      return found?.isDirectory() ? undefined : refuse(path, 'a directory', found === undefined ? ABSENT_OR_CREATED : '')
    case 'File':
      return found?.isFile() ? undefined : refuse(path, 'a file', found === undefined ? ABSENT_OR_CREATED : '')
    case 'Socket':
      return found?.isSocket() ? undefined : refuse(path, 'a socket file', found === undefined ? ABSENT : '')
    case 'CharDevice':
      return found?.isCharacterDevice() ? undefined : refuse(path, 'a character device', found === undefined ? ABSENT : '')
    case 'BlockDevice':
      return found?.isBlockDevice() ? undefined : refuse(path, 'a block device', found === undefined ? ABSENT : '')
    default:
      throw new ConfigError(`hostPath type ${type} is not known`)
  }
}

/** The kubelet says no more of a path that isn't there than of one that is something else. */
const ABSENT = ': nothing is there on this node'
const ABSENT_OR_CREATED = `${ABSENT}; make it, or ask for the type DirectoryOrCreate or FileOrCreate`

function refuse(path: string, wanted: string, more = ''): never {
  throw new ConfigError(`hostPath type check failed: ${path} is not ${wanted}${more}`)
}
