/** What the host needs once, besides the rules: the cluster DNS's address, a route for Services, local NodePorts. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export interface HostSetup {
  readonly serviceCidr: string
  readonly dnsAddress: string
}

/**
 * `route_localnet` lets 127.0.0.1:<NodePort> be translated; the rules' `martians` chain keeps others from using it.
 * The route makes a host without a default route send what is for Services at all: the rules change its target
 * before it would leave.
 */
export async function setUpHost({ serviceCidr, dnsAddress }: HostSetup): Promise<void> {
  await writeFile('/proc/sys/net/ipv4/conf/all/route_localnet', '1')
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  await execute('ip', ['addr', 'replace', `${dnsAddress}/32`, 'dev', 'lo'])
  if (!(await hasDefaultRoute())) await execute('ip', ['route', 'replace', serviceCidr, 'dev', 'lo', 'proto', ROUTE_PROTOCOL])
}

export async function tearDownHost({ serviceCidr, dnsAddress }: HostSetup): Promise<void> {
  await execute('ip', ['addr', 'del', `${dnsAddress}/32`, 'dev', 'lo']).catch(() => undefined)
  await execute('ip', ['route', 'del', serviceCidr, 'dev', 'lo', 'proto', ROUTE_PROTOCOL]).catch(() => undefined)
}

/** Marks routes as ours (unassigned in iproute2's rt_protos). */
const ROUTE_PROTOCOL = '146'

async function hasDefaultRoute(): Promise<boolean> {
  const { stdout } = await execute('ip', ['-4', 'route', 'show', 'default'])
  return stdout.trim() !== ''
}
