/** Who wants to be the master of this machine's data. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { masterDirectory } from '../home.ts'
import { run } from '../hosts/index.ts'
import { unitName } from '../services/systemd-unit.ts'
import type { MasterFact } from './machine-facts.ts'
import { masterDataDirectory } from './master-data-directory.ts'

/** The processes with this home's data, and the service that systemd starts again and again because one of them has it. */
export async function readMasters(home: string): Promise<readonly MasterFact[]> {
  const pids = processes().filter((pid) => dataDirectoryOf(pid, home) === masterDirectory(home))
  const unit = unitName('master')
  const waiting = pids.length > 0 && (await isStartedAgainAndAgain(unit)) ? [{ name: unit }] : []
  return [...pids.map((pid) => ({ name: `pid ${pid}` })), ...waiting]
}

function processes(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
}

/** A process may end while it is looked at. */
function dataDirectoryOf(pid: string, home: string): string | undefined {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return masterDataDirectory(args, { cwd: readlinkSync(`/proc/${pid}/cwd`), home })
  } catch {
    return undefined
  }
}

async function isStartedAgainAndAgain(unit: string): Promise<boolean> {
  if (!existsSync(join('/etc/systemd/system', unit))) return false
  const state = await run('systemctl', ['show', '--property', 'SubState', '--value', unit]).catch(() => '')
  return state.trim() === 'auto-restart'
}
