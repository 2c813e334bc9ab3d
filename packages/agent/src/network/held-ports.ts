import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { type HostPort, HostPortInUseError } from '../runtime/runtime.ts'

export type Release = () => void

/**
 * Listens on a pod's host ports without ever accepting: the rules take the traffic before, but another process that wants
 * the port is told that it is taken. Throws `HostPortInUseError`, holding nothing, when one is taken already.
 */
export async function holdPorts(ports: readonly HostPort[]): Promise<Release> {
  const releases: Release[] = []
  const releaseAll = () => {
    for (const release of releases) release()
  }
  try {
    for (const port of ports) releases.push(await holdPort(port))
    return releaseAll
  } catch (error) {
    releaseAll()
    throw error
  }
}

export function isAnyAddress(hostIp: string): boolean {
  return hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::'
}

async function holdPort(port: HostPort): Promise<Release> {
  const address = isAnyAddress(port.hostIp) ? '0.0.0.0' : port.hostIp
  try {
    return await (port.protocol === 'UDP' ? holdUdp(port.hostPort, address) : holdTcp(port.hostPort, address))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') throw new HostPortInUseError(port, { cause: error })
    const cure = "take one of the node's own, or leave hostIP out"
    throw new Error(`host port ${port.hostPort}: this node has no address ${port.hostIp} (${cure})`, { cause: error })
  }
}

function holdTcp(port: number, host: string): Promise<Release> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.unref()
    server.once('error', reject)
    server.listen({ port, host, exclusive: true }, () => resolve(() => server.close()))
  })
}

function holdUdp(port: number, address: string): Promise<Release> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.unref()
    socket.once('error', reject)
    socket.bind({ port, address, exclusive: true }, () => resolve(() => socket.close()))
  })
}
