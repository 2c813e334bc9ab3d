/** Programs the host's kernel: one nftables table of our own, changed by its differences. */
import { execFile } from 'node:child_process'
import type { RouteTable } from '../route-table.ts'
import { deleteTableScript, EMPTY_RULE_SET, type NftTable, replaceTableScript, updateTableScript } from './nft-script.ts'
import { buildRuleSet, type RuleSet } from './rule-set.ts'

export interface KernelRoutes {
  /** Makes the kernel's routes these. After a failure the next call writes the whole table anew. */
  apply(table: RouteTable): Promise<void>
  /** Takes everything of ours out of the kernel. */
  remove(): Promise<void>
}

export function createKernelRoutes(table: NftTable): KernelRoutes {
  let programmed: RuleSet | undefined
  return {
    async apply(routes) {
      const before = programmed
      const after = buildRuleSet(routes)
      programmed = undefined
      const script = before ? updateTableScript(table, before, after) : replaceTableScript(table, after)
      if (script !== '') await nft(script)
      if (before) await forgetUdpFlows(before, after)
      programmed = after
    },
    async remove() {
      programmed = EMPTY_RULE_SET
      await nft(deleteTableScript(table.name))
      programmed = undefined
    },
  }
}

/** The kernel goes on sending a UDP flow to where its first packet went: flows of changed chains are forgotten. */
async function forgetUdpFlows(before: RuleSet, after: RuleSet): Promise<void> {
  for (const [element, chain] of before.services) {
    const [ip, protocol, port] = element.split(' . ')
    if (protocol !== 'udp' || !ip || !port) continue
    if (after.services.get(element) === chain && after.chains.get(chain)?.join() === before.chains.get(chain)?.join()) continue
    // It exits with 1 when there was no such flow.
    await run('conntrack', ['-D', '-p', 'udp', '--orig-dst', ip, '--orig-port-dst', port], '').catch(() => undefined)
  }
}

async function nft(script: string): Promise<void> {
  try {
    await run('nft', ['-f', '-'], `${script}\n`)
  } catch (cause) {
    throw new Error(`nft refused the Service rules: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function run(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      reject(error.code === 'ENOENT' ? new Error(`${program} is not installed (Debian: apt-get install nftables conntrack)`) : new Error(stderr.trim() || error.message))
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
