import type { Service } from '@skiff/api'

type Variables = Map<string, string>

/** `POSTS_SERVICE_HOST`, `POSTS_PORT_80_TCP` and so on, as Kubernetes (and Docker's links before it) name them. */
export function serviceVariables(services: readonly Service[]): Variables {
  const variables: Variables = new Map()
  for (const service of services) addService(variables, service)
  return variables
}

function addService(variables: Variables, service: Service): void {
  const ip = service.spec.clusterIP
  const ports = service.spec.ports ?? []
  const [first] = ports
  if (!ip || ip === 'None' || first === undefined) return
  const prefix = variableName(service.metadata.name)
  const host = ip.includes(':') ? `[${ip}]` : ip
  variables.set(`${prefix}_SERVICE_HOST`, ip)
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port))
  for (const { name, port } of ports) {
    if (name) variables.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port))
  }
  variables.set(`${prefix}_PORT`, `${protocolOf(first)}://${host}:${first.port}`)
  for (const port of ports) {
    const link = `${prefix}_PORT_${port.port}_${protocolOf(port).toUpperCase()}`
    variables.set(link, `${protocolOf(port)}://${host}:${port.port}`)
    variables.set(`${link}_PROTO`, protocolOf(port))
    variables.set(`${link}_PORT`, String(port.port))
    variables.set(`${link}_ADDR`, ip)
  }
}

function protocolOf({ protocol }: { readonly protocol?: string }): string {
  return (protocol ?? 'TCP').toLowerCase()
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').replaceAll('.', '_').toUpperCase()
}
