import { readFileSync } from 'node:fs'
import { createAdminToken, createJoinToken } from '@skiff/master'
import { parse } from 'yaml'
import { adminKubeconfig, masterDirectory } from '../home.ts'
import { localClient } from '../local-client.ts'
import { parseDuration } from '../parse-duration.ts'

interface TokenOptions {
  readonly home: string
  readonly ttl: string
  readonly admin: boolean
}

/** Prints the one line to type on another host, or a bearer token for people. */
export async function createToken({ home, ttl, admin }: TokenOptions): Promise<void> {
  const client = localClient(home)
  const ttlMs = parseDuration(ttl)
  try {
    if (admin) {
      process.stdout.write(`${await createAdminToken({ client, ttlMs })}\n`)
      return
    }
    const { token, caHash } = await createJoinToken({ client, dataDir: masterDirectory(home), ttlMs })
    const kubeconfig = parse(readFileSync(adminKubeconfig(home), 'utf8')) as { clusters: { cluster: { server: string } }[] }
    process.stdout.write(`skiff agent --join ${kubeconfig.clusters[0]?.cluster.server} --token ${token} --ca-hash ${caHash}\n`)
  } finally {
    client.close()
  }
}
