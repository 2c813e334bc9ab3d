/** The load generator, inside a test host. */
import type { ClusterHost } from '../../test/support/cluster.ts'

const SECONDS = 4
const CONNECTIONS = 32

export async function requestsPerSecond(
  host: ClusterHost,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const sent = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const output = await host.exec(['wrk', '-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, ...sent, url])
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]
  if (rate === undefined || output.includes('Non-2xx')) throw new Error(`wrk against ${url}: ${output}`)
  return Number(rate)
}
