import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'

/**
 * Puts another file under a descriptor that this process (one of its threads) has open: a disk that fails, until it is put back or
 * whoever had it open has closed it.
 */
export function replaceOpenFile(path: string, replacement: string): { putBack: () => void } {
  const descriptor = readdirSync('/proc/self/fd')
    .map(Number)
    .find((fd) => linkOf(fd) === path)
  if (descriptor === undefined) throw new Error(`${path} is not open`)
  const put = (file: string) => {
    closeSync(descriptor)
    // A new file gets the lowest free number.
    if (openSync(file, 'r+') !== descriptor) throw new Error(`descriptor ${descriptor} was taken by another file`)
  }
  put(replacement)
  const putBack = () => {
    if (linkOf(descriptor) === replacement) put(path)
  }
  return { putBack }
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
