import { CommandError, type HostCommands } from './host-commands.ts'
import { type ClusterMarks, LINK_PREFIX } from './names.ts'

export interface FirewallOptions {
  readonly podCidr: string
  readonly clusterCidr: string
}

/**
 * Our own table: pods that call the world appear as this node, and host ports lead to pods. Written as a whole and applied
 * at once; the sets that `setNodes` and host ports fill stay as they are.
 *
 * Ours run before those of Docker (priority -110 and 90 against -100 and 100).
 */
export async function configureFirewall(commands: HostCommands, marks: ClusterMarks, options: FirewallOptions): Promise<void> {
  await commands.run('nft', ['-f', '-'], podTable(marks.table, options))
  await acceptForwarding(commands, marks.comment)
}

/** Pods talk to nodes under their own address, as to other pods. */
export async function setNodes(commands: HostCommands, marks: ClusterMarks, nodeIps: readonly string[]): Promise<void> {
  const elements = nodeIps.length === 0 ? '' : `add element ip ${marks.table} nodes { ${[...new Set(nodeIps)].join(', ')} }\n`
  await commands.run('nft', ['-f', '-'], `flush set ip ${marks.table} nodes\n${elements}`)
}

export async function removeFirewall(commands: HostCommands, marks: ClusterMarks): Promise<void> {
  await commands.run('nft', ['-f', '-'], `add table ip ${marks.table}\ndelete table ip ${marks.table}\n`)
  for (const rule of forwardingRules(marks.comment)) await removeRule(commands, rule)
}

function podTable(table: string, { podCidr, clusterCidr }: FirewallOptions): string {
  return `
table ip ${table} {
  set nodes { type ipv4_addr; }
  set hairpins { type ipv4_addr . ipv4_addr; }
  map hostports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map hostports_by_ip { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  chain hostports_in { type nat hook prerouting priority -110; }
  chain hostports_local { type nat hook output priority -110; }
  chain to_host_port { }
  chain leaving { type nat hook postrouting priority 90; }
}
flush chain ip ${table} hostports_in
flush chain ip ${table} hostports_local
flush chain ip ${table} to_host_port
flush chain ip ${table} leaving
table ip ${table} {
  chain hostports_in {
    fib daddr type local jump to_host_port
  }
  chain hostports_local {
    fib daddr type local jump to_host_port
  }
  chain to_host_port {
    dnat ip addr . port to ip daddr . meta l4proto . th dport map @hostports_by_ip
    dnat ip addr . port to meta l4proto . th dport map @hostports
  }
  chain leaving {
    ip saddr . ip daddr @hairpins masquerade
    ip saddr 127.0.0.0/8 oifname "${LINK_PREFIX}*" masquerade
    ip saddr ${podCidr} ip daddr != ${clusterCidr} ip daddr != @nodes masquerade
  }
}
`
}

/**
 * Docker sets the policy of FORWARD to DROP, and no accept in a table of ours overrules that: these two must stand in its
 * chain, and be looked after when Docker starts again.
 */
async function acceptForwarding(commands: HostCommands, comment: string): Promise<void> {
  for (const rule of forwardingRules(comment)) {
    const present = await iptables(commands, ['-C', 'FORWARD', ...rule]).then(
      () => true,
      () => false,
    )
    if (!present) await iptables(commands, ['-I', 'FORWARD', ...rule])
  }
}

async function removeRule(commands: HostCommands, rule: readonly string[]): Promise<void> {
  try {
    for (;;) await iptables(commands, ['-D', 'FORWARD', ...rule])
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
  }
}

function forwardingRules(comment: string): readonly (readonly string[])[] {
  const mark = ['-m', 'comment', '--comment', comment, '-j', 'ACCEPT']
  return [
    ['-i', `${LINK_PREFIX}+`, ...mark],
    ['-o', `${LINK_PREFIX}+`, ...mark],
  ]
}

/** Waits for the lock, which Docker holds at times. */
function iptables(commands: HostCommands, args: readonly string[]): Promise<string> {
  return commands.run('iptables', ['-w', '10', ...args])
}
