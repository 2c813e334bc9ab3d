import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DnsServer, type DnsServerOptions, startDnsServer } from './dns-server.ts'

const RETRY_DELAY_MS = 1_000

/**
 * Answers until the signal ends it. While another program has the port, a proxy that is about to end perhaps, it says so
 * once and goes on trying: Services work without.
 */
export async function serveDns(options: DnsServerOptions & { readonly signal: AbortSignal }): Promise<void> {
  const { signal } = options
  const server = await startSometime(options)
  if (!server) return
  if (!signal.aborted) await once(signal, 'abort')
  await server.close()
}

async function startSometime(options: DnsServerOptions & { readonly signal: AbortSignal }): Promise<DnsServer | undefined> {
  const { signal, logger, address, port } = options
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      return await startDnsServer(options)
    } catch (err) {
      if (attempt === 1) logger.error({ err, address, port }, 'the cluster DNS can not listen; trying again every second')
      await sleep(RETRY_DELAY_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  return undefined
}
