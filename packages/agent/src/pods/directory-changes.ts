import { watch } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface DirectoryChanges {
  /** Says whether anything has happened; false after a while, or at the end. */
  wait(ms: number): Promise<boolean>
  /** The names of files that went away and came back since this was last asked. */
  takeReplaced(): ReadonlySet<string>
  close(): void
}

/** What happens to the files of a directory, until it is closed. A directory that isn't there tells nothing. */
export function followDirectory(directory: string, signal: AbortSignal): DirectoryChanges {
  const moves = new Map<string, number>()
  const end = new AbortController()
  const over = AbortSignal.any([signal, end.signal])
  let told = Promise.withResolvers<void>()
  const onEvent = (type: string, name: string | null) => {
    // To come, to go, and to be renamed are all called so. A file that another one takes the place of is told of once.
    if (type === 'rename' && name !== null) moves.set(name, (moves.get(name) ?? 0) + 1)
    told.resolve()
  }
  try {
    watch(directory, { signal: over }, onEvent).on('error', () => undefined)
  } catch {
    // Whoever follows it tries again after a while.
  }
  return {
    async wait(ms) {
      const late = new AbortController()
      const timer = delay(ms, false, { signal: AbortSignal.any([over, late.signal]) }).catch(() => false)
      return await Promise.race([told.promise.then(() => true), timer]).finally(() => late.abort())
    },
    takeReplaced() {
      told = Promise.withResolvers()
      const back = [...moves].flatMap(([name, count]) => (count > 1 ? [name] : []))
      moves.clear()
      return new Set(back)
    },
    close: () => end.abort(),
  }
}
