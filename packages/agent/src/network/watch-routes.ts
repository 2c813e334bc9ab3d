import type { HostCommands } from './host-commands.ts'
import { LINK_PREFIX } from './names.ts'
import { PROTOCOL } from './peer-routes.ts'

/**
 * Tells when routes of ours may have gone: systemd-networkd takes foreign ones away as it starts, and the kernel does so
 * without a word when a link goes down. Resolves when `ip` ends, or with the signal.
 */
export async function watchRoutes(commands: HostCommands, onLost: () => void, signal: AbortSignal): Promise<void> {
  for await (const line of commands.lines('ip', ['-4', '-o', 'monitor', 'route'], signal)) if (routesMayBeLost(line)) onLost()
}

/** A link that is up again, or has another address, is told by the routes that the kernel makes for it. */
export function routesMayBeLost(line: string): boolean {
  if (line.startsWith('Deleted ')) return line.includes(` proto ${PROTOCOL} `)
  if (line.includes(` dev ${LINK_PREFIX}`)) return false
  return line.startsWith('default ') || / proto kernel scope link /.test(line)
}
