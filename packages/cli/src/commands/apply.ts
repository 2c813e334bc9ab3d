import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { localClient } from '../local-client.ts'

interface ApplyOptions {
  readonly home: string
  readonly filename: string
  readonly namespace?: string
}

/** Sends the file to `POST /apply` and prints the server's lines. */
export async function apply({ home, filename, namespace }: ApplyOptions): Promise<void> {
  const manifest = filename === '-' ? await text(process.stdin) : await readFile(filename, 'utf8')
  const query = namespace === undefined ? '' : `?namespace=${encodeURIComponent(namespace)}`
  const answer = await localClient(home).request('POST', `/apply${query}`, { body: manifest, contentType: 'application/yaml', accept: 'text/plain' })
  process.stdout.write(answer.body)
}
