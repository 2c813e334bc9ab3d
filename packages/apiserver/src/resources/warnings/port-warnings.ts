import type { Container, FieldPath } from '@skiff/api'

type Port = NonNullable<Container['ports']>[number]

interface PlacedPort {
  readonly port: Port
  readonly field: FieldPath
}

/** Ports that the containers of one pod declare more than once. */
export function portWarnings(containers: readonly (readonly [Container, FieldPath])[]): string[] {
  const before = new Map<string, PlacedPort[]>()
  const warnings: string[] = []
  for (const [container, at] of containers) {
    for (const [index, port] of (container.ports ?? []).entries()) {
      const field = at.child('ports').index(index)
      const key = `${port.containerPort}/${port.protocol}`
      const others = before.get(key) ?? []
      warnings.push(...others.flatMap((other) => clash({ port, field }, other)))
      before.set(key, [...others, { port, field }])
    }
  }
  return warnings
}

function clash({ port, field }: PlacedPort, other: PlacedPort): string[] {
  const [hostPort, otherHostPort] = [port.hostPort ?? 0, other.port.hostPort ?? 0]
  const [hostIp, otherHostIp] = [port.hostIP ?? '', other.port.hostIP ?? '']
  const told = (what: string) => [`${field}: ${what} port definition with ${other.field}`]
  if (hostIp === otherHostIp && hostPort === otherHostPort) return told('duplicate')
  if (hostPort === 0 || otherHostPort === 0) return told('overlapping')
  return hostPort === otherHostPort && (hostIp === '') !== (otherHostIp === '') ? told('dangerously ambiguous') : []
}
