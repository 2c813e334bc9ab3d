/** Writes until it is killed; prints a line for each acknowledged write. Started by write-until-killed.fixture.ts. */

import { writeSync } from 'node:fs'
import { createSqliteStore } from './sqlite-store.ts'

const store = await createSqliteStore({ path: process.argv[2] ?? '' })

async function writeOneAfterTheOther(writer: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    const key = `/${process.pid}/${writer}/${n}`
    const { modRevision } = await store.create(key, (revision) => Buffer.from(`${key} at ${revision}`))
    say(`${key} ${modRevision}\n`)
  }
}

/** At once: what is acknowledged counts although this process is killed in the next moment. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      // The reader is slower than we are.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

await Promise.all(Array.from({ length: 16 }, (_, writer) => writeOneAfterTheOther(writer)))
