import { text } from './cgroup.ts'

/** What a network interface has carried, as its own namespace counts it. */
export interface InterfaceUsage {
  readonly name: string
  readonly rxBytes: number
  readonly rxPackets: number
  readonly rxErrors: number
  readonly rxDropped: number
  readonly txBytes: number
  readonly txPackets: number
  readonly txErrors: number
  readonly txDropped: number
}

/** The interfaces that a process sees, without the loopback. */
export function readInterfaces(pid: number | 'self'): readonly InterfaceUsage[] {
  return parseInterfaces(text(`/proc/${pid}/net/dev`))
}

export function parseInterfaces(content: string): readonly InterfaceUsage[] {
  return content.split('\n').flatMap((line) => {
    const [, name, counts] = /^\s*([^:\s]+):\s*(.+)$/.exec(line) ?? []
    if (name === undefined || counts === undefined || name === 'lo') return []
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0, , , , , ...sent] = counts.split(/\s+/).map(Number)
    const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = sent
    return [{ name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }]
  })
}

/** The interface that this host's default route goes by. */
export function defaultInterface(): string | undefined {
  return parseDefaultInterface(text('/proc/net/route'))
}

export function parseDefaultInterface(routes: string): string | undefined {
  return routes
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')?.[0]
}
