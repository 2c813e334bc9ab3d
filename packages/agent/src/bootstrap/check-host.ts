import { CommandError, type HostCommands } from '../network/host-commands.ts'
import type { RuntimeInfo } from '../runtime/runtime.ts'
import { EngineUnavailableError, EngineUnfitError } from '../runtime/runtime.ts'
import { JoinError } from './join-error.ts'
import { explainMissing, missingPrograms } from './required-programs.ts'

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
    const { problem, cure } = explainMissing(missing, path)
    throw new JoinError(`${problem}: ${cure}`)
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
