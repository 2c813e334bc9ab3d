import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'

/** Puts another file under a descriptor that this process (one of its threads) has open: a disk that fails. */
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
  return { putBack: () => put(path) }
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
