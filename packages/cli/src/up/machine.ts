/** The processes and hosts that `skiff up` keeps on this machine, by name and place. */
import { readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { logDirectory } from '../home.ts'
import { type Fabric, fabricOf, type Host } from '../hosts/index.ts'
import { ProcessTable } from './background-process.ts'

const PROGRAMS = join(import.meta.dirname, '..', '..', 'bin')
export const SKIFF = join(PROGRAMS, 'skiff')
/** Starts the command that follows it again when that crashes. */
export const KEEP_RUNNING = join(PROGRAMS, 'keep-running')

/** Hosts of `skiff up` stand on a network of their own. */
const FABRIC_NAME = 'skiff'
const FABRIC_PREFIX = '10.77.0'

export function machineProcesses(home: string): ProcessTable {
  return new ProcessTable({ runDirectory: join(home, 'run'), logDirectory: logDirectory(home) })
}

/** This machine's name as a node: a DNS label. */
export function nodeNameOfMachine(): string {
  return (
    hostname()
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, '-')
      .replaceAll(/^[-.]+|[-.]+$/g, '') || 'node'
  )
}

export function machineFabric(): Fabric {
  return fabricOf(FABRIC_NAME, FABRIC_PREFIX)
}

/** The hosts of agents 2 to N. */
export function furtherHosts(home: string, agents: number): Host[] {
  const fabric = machineFabric()
  return Array.from({ length: Math.max(0, agents - 1) }, (_, i) => furtherHost(home, fabric, i + 2))
}

/** Those that an earlier `up` made, however many it was asked for. */
export function existingHosts(home: string): Host[] {
  const prefix = `${nodeNameOfMachine()}-`
  return foldersIn(join(home, 'hosts'))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => furtherHost(home, machineFabric(), Number(name.slice(prefix.length))))
}

function furtherHost(home: string, fabric: Fabric, number: number): Host {
  const name = `${nodeNameOfMachine()}-${number}`
  return { name, number, fabric, folder: join(home, 'hosts', name) }
}

function foldersIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
