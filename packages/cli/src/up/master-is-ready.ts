import { existsSync } from 'node:fs'
import { apiSocket } from '../home.ts'
import { localClient } from '../local-client.ts'

const ANSWER_TIMEOUT_MS = 5_000
const HANGS = `it has not answered within ${ANSWER_TIMEOUT_MS / 1000} s; if it hangs, "skiff down" ends it and "skiff up" starts it anew`

/** As `waitUntil` asks: true once the master of this machine serves, until then undefined or an error. */
export async function masterIsReady(home: string): Promise<true | undefined> {
  if (!existsSync(apiSocket(home))) return undefined
  const client = localClient(home)
  const late = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  try {
    await client.request('GET', '/readyz', { signal: late })
    return true
  } catch (error) {
    throw late.aborted ? new Error(HANGS) : error
  } finally {
    client.close()
  }
}
