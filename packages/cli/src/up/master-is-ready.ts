import { existsSync } from 'node:fs'
import { apiSocket } from '../home.ts'
import { localClient } from '../local-client.ts'

/** As `waitUntil` asks: true once the master of this machine serves, until then undefined or an error. */
export async function masterIsReady(home: string): Promise<true | undefined> {
  if (!existsSync(apiSocket(home))) return undefined
  const client = localClient(home)
  try {
    await client.request('GET', '/readyz')
    return true
  } finally {
    client.close()
  }
}
