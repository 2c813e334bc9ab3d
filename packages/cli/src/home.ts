/** Where state is kept on this machine. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export function skiffHome(env: NodeJS.ProcessEnv = process.env): string {
  if (env.SKIFF_HOME) return env.SKIFF_HOME
  return process.getuid?.() === 0 ? '/var/lib/skiff' : join(homedir(), '.local/state/skiff')
}

export const masterDirectory = (home: string): string => join(home, 'master')
export const apiSocket = (home: string): string => join(masterDirectory(home), 'api.sock')
export const adminKubeconfig = (home: string): string => join(masterDirectory(home), 'admin.kubeconfig')
export const logDirectory = (home: string): string => join(home, 'log')

/** The first agent of a machine has `agent/`, further ones `agent-<node name>/`. */
export function agentDirectory(home: string, further?: string): string {
  return join(home, further === undefined ? 'agent' : `agent-${further}`)
}
