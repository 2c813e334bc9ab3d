import { execFile } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import type { HostRoute } from './address-ranges.ts'

const run = promisify(execFile)

interface IpRoute extends HostRoute {
  readonly prefsrc?: string
}

/** The host's IPv4 routes; none when the `ip` program isn't there. */
export async function hostRoutes(): Promise<readonly IpRoute[]> {
  try {
    const { stdout } = await run('ip', ['-4', '-j', 'route', 'show'])
    return JSON.parse(stdout || '[]') as IpRoute[]
  } catch {
    return []
  }
}

/** The address by which other hosts most likely reach this one: that of the default route's interface. */
export function preferredAddress(routes: readonly IpRoute[]): string {
  const interfaces = networkInterfaces()
  const usable = (name: string | undefined) =>
    (name === undefined ? [] : (interfaces[name] ?? [])).filter(({ family, internal }) => family === 'IPv4' && !internal)
  const defaultRoute = routes.find(({ dst }) => dst === 'default')
  if (defaultRoute?.prefsrc !== undefined) return defaultRoute.prefsrc
  const candidates = [defaultRoute?.dev, ...Object.keys(interfaces)].flatMap(usable)
  return candidates[0]?.address ?? '127.0.0.1'
}
