/** Programs the host's kernel: one nftables table of our own, changed by its differences. */
import { networkInterfaces } from 'node:os'
import type { Logger } from 'pino'
import type { RouteTable } from '../route-table.ts'
import { type RememberedClients, rememberedClients } from './affinity.ts'
import {
  deleteTableScript,
  LANDMARK_CHAIN,
  limitsScript,
  type NftTable,
  replaceTableScript,
  timeoutsScript,
  updateTableScript,
} from './nft-script.ts'
import { ResidentNft } from './resident-nft.ts'
import { buildRuleSet, departedBackends, emptyRuleSet, type RuleSet } from './rule-set.ts'
import { runCommand } from './run-command.ts'
import { staleUdpFlows, udpChanged } from './udp-flows.ts'

export interface KernelRoutes {
  /**
   * Makes the kernel's routes these. What an earlier process left is replaced in one transaction, so connections don't
   * notice a restart.
   */
  apply(table: RouteTable): Promise<void>
  /** Looks whether our table is still there; if not, the next `apply` writes it anew. */
  stillThere(): Promise<boolean>
  /** Takes everything of ours out of the kernel. */
  remove(): Promise<void>
}

export function createKernelRoutes(table: NftTable, logger: Logger): KernelRoutes {
  const resident = new ResidentNft()
  let programmed: RuleSet | undefined
  let isLost = false
  let abilities: KernelAbilities = {}

  async function update(before: RuleSet, after: RuleSet): Promise<void> {
    const difference = updateTableScript(table, before, after)
    if (difference === '') return
    try {
      await resident.apply(difference)
    } catch (err) {
      // Somebody else may have changed our table.
      logger.warn({ err }, 'the Service rules could not be changed; writing all of them')
      await replace(after)
    }
  }

  async function replace(after: RuleSet): Promise<void> {
    abilities = await kernelAbilities(table, logger)
    await nft(replaceTableScript({ ...table, ...abilities }, after, await readRemembered(table, after)))
  }

  return {
    async apply(routes) {
      const before = isLost ? undefined : programmed
      const after = buildRuleSet(routes)
      isLost = false
      programmed = undefined
      await (before ? update(before, after) : replace(after))
      programmed = after
      if (before && abilities.hasTimeouts !== true) await forgetHalfOpenConnections(departedBackends(before, after))
      if (before && !udpChanged(before, after)) return
      await forgetStaleUdpFlows(table, before ?? emptyRuleSet(), after).catch((err) =>
        logger.warn({ err }, 'UDP flows of former endpoints could not be ended'),
      )
    },
    async stillThere() {
      const isThere = await runCommand('nft', ['list', 'chain', 'ip', table.name, LANDMARK_CHAIN]).then(
        () => true,
        () => false,
      )
      if (!isThere) isLost = true
      return isThere
    },
    async remove() {
      programmed = undefined
      await nft(deleteTableScript(table.name))
    },
  }
}

/** Who connects between this and the new table is dealt out anew the next time: a moment, when a proxy starts. */
async function readRemembered({ name }: NftTable, { affinities }: RuleSet): Promise<RememberedClients> {
  if (affinities.size === 0) return new Map()
  const listing = await runCommand('nft', ['list', 'sets', 'table', 'ip', name]).catch(() => '')
  return rememberedClients(listing, affinities)
}

type KernelAbilities = Pick<NftTable, 'hasTimeouts' | 'hasLimits'>

async function kernelAbilities({ name, hasTimeouts, hasLimits }: NftTable, logger: Logger): Promise<KernelAbilities> {
  const accepts = (script: string, otherwise: string) =>
    runCommand('nft', ['--check', '-f', '-'], `${script}\n`).then(
      () => true,
      (err) => {
        logger.warn({ err }, otherwise)
        return false
      },
    )
  const [timeouts, limits] = await Promise.all([
    accepts(
      timeoutsScript(name),
      'this kernel sends a client to a lost host until the master knows of it (no NF_CONNTRACK_TIMEOUT)',
    ),
    accepts(limitsScript(name), 'this kernel lets a dead endpoint refuse clients until the master knows of it (no NFT_LIMIT)'),
  ])
  return { hasTimeouts: timeouts && hasTimeouts !== false, hasLimits: limits && hasLimits !== false }
}

/**
 * Without time-outs of our own a connection that a lost backend never answered stays known to the kernel for two minutes: the
 * client's next attempt would follow it, and reach the old copy of a pod on a host that is back. A look through all connections
 * each, and so not done where what is unanswered is forgotten in a second anyway.
 */
async function forgetHalfOpenConnections(backends: readonly string[]): Promise<void> {
  for (const ip of backends) {
    // It exits with 1 when there is none.
    await runCommand('conntrack', ['-D', '-p', 'tcp', '--state', 'SYN_SENT', '--reply-src', ip]).catch(() => undefined)
  }
}

async function forgetStaleUdpFlows(table: NftTable, before: RuleSet, after: RuleSet): Promise<void> {
  const conntrack = await runCommand('conntrack', ['-L', '-p', 'udp'])
  for (const { destination, port, answeredBy } of staleUdpFlows({
    conntrack,
    table,
    before,
    after,
    hostAddresses: ownAddresses(),
  })) {
    const flow = ['-p', 'udp', '--orig-dst', destination, '--orig-port-dst', port, '--reply-src', answeredBy]
    // It exits with 1 when there is no such flow any more.
    await runCommand('conntrack', ['-D', ...flow]).catch(() => undefined)
  }
}

function ownAddresses(): Set<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address)))
}

async function nft(script: string): Promise<void> {
  try {
    await runCommand('nft', ['-f', '-'], `${script}\n`)
  } catch (cause) {
    throw new Error('the Service rules could not be written', { cause })
  }
}
