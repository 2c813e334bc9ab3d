import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { CommandError, type HostCommands } from '../network/host-commands.ts'
import type { RuntimeInfo } from '../runtime/runtime.ts'
import { EngineUnavailableError, EngineUnfitError } from '../runtime/runtime.ts'
import { JoinError } from './join-error.ts'

/** What an agent and its proxy call, and the Debian packages that have it. */
export const REQUIRED_PROGRAMS: Readonly<Record<string, string>> = {
  nft: 'nftables',
  ip: 'iproute2',
  iptables: 'iptables',
  conntrack: 'conntrack',
  nsenter: 'util-linux',
}

export interface HostUnderCheck {
  readonly commands: HostCommands
  readonly engine: { info(): Promise<RuntimeInfo> }
  /** A host that never joined is told at once when its engine doesn't answer; one that has waits for it. */
  readonly hasJoined: boolean
  readonly path: string
}

/** Throws JoinError, one line with what to do, when this host can't be a node however long one waits. */
export async function checkHost({ commands, engine, hasJoined, path }: HostUnderCheck): Promise<void> {
  const missing = await missingPrograms(path)
  if (missing.length > 0) {
    const packages = missing.map((name) => REQUIRED_PROGRAMS[name]).join(' ')
    throw new JoinError(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing on this host: apt-get install ${packages}`,
    )
  }
  await commands.run('nft', ['list', 'tables']).catch((error: unknown) => {
    const words = error instanceof CommandError ? (error.words.split('\n')[0] ?? '') : String(error)
    throw new JoinError(
      `nft does not work on this host (${words}): run as root, on a kernel with nf_tables (modprobe nf_tables)`,
      { cause: error },
    )
  })
  await engine.info().catch((error: unknown) => {
    if (error instanceof EngineUnfitError) throw new JoinError(error.message, { cause: error })
    if (!(error instanceof EngineUnavailableError) || hasJoined) return
    throw new JoinError(`${error.message}: install Docker (apt-get install docker.io), start it (systemctl start docker)`, {
      cause: error,
    })
  })
}

async function missingPrograms(path: string): Promise<string[]> {
  const names = Object.keys(REQUIRED_PROGRAMS)
  const present = await Promise.all(names.map((name) => isOnPath(name, path)))
  return names.filter((_, index) => present[index] !== true)
}

async function isOnPath(name: string, path: string): Promise<boolean> {
  const found = path.split(delimiter).map((folder) =>
    access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    ),
  )
  return (await Promise.all(found)).includes(true)
}
