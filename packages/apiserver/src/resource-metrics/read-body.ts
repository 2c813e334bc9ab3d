/** What a node with many pods says takes a few hundred kilobytes. */
const MOST_BYTES = 16 * 1024 * 1024

/** Throws when the body is larger than any agent's. */
export async function readBody(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > MOST_BYTES) throw new Error(`the agent's answer is larger than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
