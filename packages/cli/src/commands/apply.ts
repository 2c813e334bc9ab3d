import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { localClient } from '../local-client.ts'

interface ApplyOptions {
  readonly home: string
  readonly filename: string
  readonly namespace?: string
  readonly forceConflicts: boolean
  readonly output: 'text' | 'json'
}

/** Sends the file to `POST /apply` and prints the server's lines. */
export async function apply({ home, filename, namespace, forceConflicts, output }: ApplyOptions): Promise<void> {
  const manifest = await readManifest(filename)
  const query = new URLSearchParams({ ...(namespace === undefined ? {} : { namespace }), force: String(forceConflicts) })
  // Lines for a person; a refusal as an error.
  const accept = output === 'json' ? 'application/json' : 'text/plain, application/json'
  const answer = await localClient(home).request('POST', `/apply?${query}`, {
    body: manifest,
    contentType: 'application/yaml',
    accept,
  })
  process.stdout.write(output === 'json' ? `${JSON.stringify(JSON.parse(answer.body.toString('utf8')), null, 2)}\n` : answer.body)
}

async function readManifest(filename: string): Promise<string> {
  if (filename === '-') return text(process.stdin)
  try {
    return await readFile(filename, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') throw new Error(`there is no file ${filename}`)
    if (code === 'EISDIR')
      throw new Error(
        `${filename} is a directory: give a file, or "cat ${filename}/*.yaml | skiff apply -f -" (with --- between the documents)`,
      )
    throw error
  }
}
