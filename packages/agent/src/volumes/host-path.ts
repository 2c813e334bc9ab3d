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
      return found?.isDirectory() ? undefined : refuse(path, 'a directory')
    case 'File':
      return found?.isFile() ? undefined : refuse(path, 'a file')
    case 'Socket':
      return found?.isSocket() ? undefined : refuse(path, 'a socket file')
    case 'CharDevice':
      return found?.isCharacterDevice() ? undefined : refuse(path, 'a character device')
    case 'BlockDevice':
      return found?.isBlockDevice() ? undefined : refuse(path, 'a block device')
    default:
      throw new ConfigError(`hostPath type ${type} is not known`)
  }
}

function refuse(path: string, wanted: string): never {
  throw new ConfigError(`hostPath type check failed: ${path} is not ${wanted}`)
}
