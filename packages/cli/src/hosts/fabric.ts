/**
 * The network between hosts of one machine: a bridge in the machine's own network namespace. The machine itself has
 * the first address, so that it is a host among them, and their way out.
 */
import { writeFile } from 'node:fs/promises'
import { run, tryRun } from './run.ts'

export interface Fabric {
  /** At most 9 characters: interface names are built from it. */
  readonly name: string
  readonly bridge: string
  /** The first three numbers of a /24, such as `10.77.0`. */
  readonly prefix: string
  /** The machine's own address in it. */
  readonly gateway: string
}

export function fabricOf(name: string, prefix: string): Fabric {
  return { name, bridge: `${name}br`, prefix, gateway: `${prefix}.1` }
}

/** Idempotent. */
export async function createFabric(fabric: Fabric): Promise<void> {
  const { bridge, gateway } = fabric
  if (!(await tryRun('ip', ['link', 'show', bridge]))) await run('ip', ['link', 'add', bridge, 'type', 'bridge'])
  // A bridge without an address of its own takes the lowest of its ports': it would change when a host comes or goes, and the
  // others would send to the old one until their neighbour entries expire, half a minute later.
  await run('ip', ['link', 'set', bridge, 'address', hardwareAddress(gateway)])
  await run('ip', ['addr', 'replace', `${gateway}/24`, 'dev', bridge])
  await run('ip', ['link', 'set', bridge, 'up'])
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  for (const rule of rulesOf(fabric)) {
    if (!(await tryRun('iptables', ['-w', '-t', rule.table, '-C', rule.chain, ...rule.match])))
      await run('iptables', ['-w', '-t', rule.table, '-I', rule.chain, ...rule.match])
  }
  // A host's address may have been another's a moment ago.
  await tryRun('ip', ['neigh', 'flush', 'dev', bridge])
}

/** Locally administered, and made of the IP address: whoever comes back with that one is found where he was. */
export function hardwareAddress(address: string): string {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'))
  return ['02', '00', ...octets].join(':')
}

export async function removeFabric(fabric: Fabric): Promise<void> {
  for (const rule of rulesOf(fabric)) await tryRun('iptables', ['-w', '-t', rule.table, '-D', rule.chain, ...rule.match])
  await tryRun('ip', ['link', 'del', fabric.bridge])
}

interface Rule {
  readonly table: 'filter' | 'nat'
  readonly chain: string
  readonly match: readonly string[]
}

/**
 * Docker's FORWARD policy is to drop. What leaves the machine takes its address; what goes to the machine's own pods
 * keeps its source, as between any two hosts.
 */
function rulesOf({ name, bridge, prefix }: Fabric): Rule[] {
  const comment = ['-m', 'comment', '--comment', `skiff fabric ${name}`]
  return [
    { table: 'filter', chain: 'FORWARD', match: ['-i', bridge, ...comment, '-j', 'ACCEPT'] },
    { table: 'filter', chain: 'FORWARD', match: ['-o', bridge, ...comment, '-j', 'ACCEPT'] },
    { table: 'nat', chain: 'POSTROUTING', match: ['-s', `${prefix}.0/24`, '!', '-o', bridge, ...comment, '-j', 'MASQUERADE'] },
    { table: 'nat', chain: 'POSTROUTING', match: ['-s', `${prefix}.0/24`, '-o', 'skf+', ...comment, '-j', 'ACCEPT'] },
  ]
}
