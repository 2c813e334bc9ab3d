import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

interface Written {
  readonly key: string
  readonly revision: number
}

/** A process (write-forever.fixture.ts) that writes and prints what was acknowledged; resolves after so many lines, `stop` kills it at once. */
export async function writeUntilKilled(path: string, lines: number): Promise<{ written: Written[]; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'write-forever.fixture.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const written: Written[] = []
  const reader = createInterface(child.stdout)
  const closed = once(reader, 'close')
  const enough = Promise.withResolvers<void>()
  reader.on('line', (line) => {
    const [key = '', revision] = line.split(' ')
    written.push({ key, revision: Number(revision) })
    if (written.length >= lines) enough.resolve()
  })
  child.once('exit', () => enough.reject(new Error('the writer has ended by itself')))
  await enough.promise
  const stop = async () => {
    child.kill('SIGKILL')
    await closed
  }
  return { written, stop }
}
