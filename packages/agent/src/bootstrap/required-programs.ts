import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** What an agent and its proxy call, and the Debian packages that have it. */
export const REQUIRED_PROGRAMS: Readonly<Record<string, string>> = {
  nft: 'nftables',
  ip: 'iproute2',
  iptables: 'iptables',
  conntrack: 'conntrack',
  nsenter: 'util-linux',
}

/** Where most of them are; a plain `su` keeps the PATH of a user, who has neither. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin']

/** Those that are in no folder of `path`, as `$PATH` is written. */
export async function missingPrograms(path: string): Promise<string[]> {
  const names = Object.keys(REQUIRED_PROGRAMS)
  const present = await Promise.all(names.map((name) => isOnPath(name, path)))
  return names.filter((_, index) => present[index] !== true)
}

/** What is wrong, and what to do about it. */
export function explainMissing(missing: readonly string[], path: string): { readonly problem: string; readonly cure: string } {
  const problem = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not found in PATH (${path})`
  const install = `apt-get install ${missing.map((name) => REQUIRED_PROGRAMS[name]).join(' ')}`
  const folders = path.split(delimiter)
  if (SYSTEM_FOLDERS.some((folder) => folders.includes(folder))) return { problem, cure: install }
  return { problem, cure: `become root by "su -" or sudo, so that PATH has /usr/sbin, or ${install}` }
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
