/** What the host needs besides the rules: the cluster DNS's address, a way for Services, leave to forward. */
import { readFile, writeFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import { guardLoopbackScript } from './nft-script.ts'
import { POD_LINKS, SERVICE_MARK } from './rule-set.ts'
import { runCommand } from './run-command.ts'

export interface HostSetup {
  /** Of our nftables table. */
  readonly tableName: string
  readonly serviceCidr: string
  readonly dnsAddress: string
}

/** Marks routes as ours (unassigned in iproute2's rt_protos). */
const ROUTE_PROTOCOL = '146'

/**
 * Idempotent. Scope `host` keeps the kernel from choosing the DNS address as a source: every host has the same.
 * The route makes a host without a default route send what is for Services at all: the rules change its target and
 * its source before it would leave.
 */
export async function setUpHost(setup: HostSetup, logger: Logger): Promise<void> {
  const { tableName, serviceCidr, dnsAddress } = setup
  await setSysctl('net.ipv4.ip_forward', 'pods are not reached from elsewhere', logger)
  await runCommand('nft', ['-f', '-'], `${guardLoopbackScript(tableName)}\n`)
  await setSysctl('net.ipv4.conf.all.route_localnet', 'NodePorts do not answer on 127.0.0.1', logger)
  await runCommand('ip', ['addr', 'replace', `${dnsAddress}/32`, 'dev', 'lo', 'scope', 'host'])
  if (!(await hasDefaultRoute()))
    await runCommand('ip', ['route', 'replace', serviceCidr, 'dev', 'lo', 'src', dnsAddress, 'proto', ROUTE_PROTOCOL])
  await acceptServiceTraffic(setup).catch((err) =>
    logger.warn({ err }, 'a firewall that forwards nothing by default will drop what is for Services'),
  )
}

/** The opposite of `setUpHost`, for what other clusters on this host don't need. */
export async function tearDownHost(setup: HostSetup, logger: Logger): Promise<void> {
  const { serviceCidr, dnsAddress } = setup
  const ignore = () => undefined
  await runCommand('ip', ['addr', 'del', `${dnsAddress}/32`, 'dev', 'lo']).catch(ignore)
  await runCommand('ip', ['route', 'del', serviceCidr, 'dev', 'lo', 'proto', ROUTE_PROTOCOL]).catch(ignore)
  for (const [chain, ...match] of acceptRules(setup))
    await runCommand('iptables', ['-w', '10', '-D', chain, ...match]).catch(ignore)
  const tables = await runCommand('nft', ['list', 'tables', 'ip'])
  // The guard of the loopback addresses has gone with the table.
  if (!/^table ip skiff_[0-9a-f]{8}$/m.test(tables))
    await setSysctl('net.ipv4.conf.all.route_localnet', 'it stays on', logger, '0')
}

/** In a container without the right to, the host may already be as it should. */
async function setSysctl(name: string, otherwise: string, logger: Logger, value = '1'): Promise<void> {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`
  if ((await readFile(path, 'utf8')).trim() === value) return
  await writeFile(path, value).catch((err) =>
    logger.warn({ err }, `${otherwise}: run \`sysctl -w ${name}=${value}\` on the host`),
  )
}

async function hasDefaultRoute(): Promise<boolean> {
  return (await runCommand('ip', ['-4', 'route', 'show', 'default'])).trim() !== ''
}

type AcceptRule = readonly [chain: string, ...match: string[]]

/**
 * Docker lets nothing be forwarded by default, and an accept in a table of ours can't overrule it: what comes from
 * outside for a pod on another host needs a rule in Docker's chain. So do the pods' DNS queries where a firewall
 * guards the host itself.
 */
function acceptRules({ tableName, dnsAddress }: HostSetup): AcceptRule[] {
  const accept = ['-m', 'comment', '--comment', tableName.replace('_', ' '), '-j', 'ACCEPT']
  return [
    ['FORWARD', '-m', 'connmark', '--mark', `${SERVICE_MARK}/${SERVICE_MARK}`, ...accept],
    ['INPUT', '-i', `${POD_LINKS}+`, '-d', dnsAddress, ...accept],
  ]
}

async function acceptServiceTraffic(setup: HostSetup): Promise<void> {
  for (const [chain, ...match] of acceptRules(setup)) {
    const isThere = await runCommand('iptables', ['-w', '10', '-C', chain, ...match]).then(
      () => true,
      () => false,
    )
    if (!isThere) await runCommand('iptables', ['-w', '10', '-I', chain, ...match])
  }
}
