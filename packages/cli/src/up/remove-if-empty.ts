import { rmdirSync } from 'node:fs'

/** Leaves a directory alone that others keep things in, or that isn't there. */
export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
