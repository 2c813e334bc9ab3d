import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'

const CONNECT_TIMEOUT_MS = 3_000

/** The address under which other hosts reach this one: the one that it uses towards the master, if that isn't itself. */
export async function nodeAddress(server: string | undefined): Promise<string> {
  const towardsMaster = server?.startsWith('http') ? await localAddress(new URL(server)) : undefined
  if (towardsMaster !== undefined && !isLoopback(towardsMaster)) return towardsMaster
  return firstExternal() ?? '127.0.0.1'
}

/** Whether this host still has that address. */
export function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((addresses = []) => addresses.some((one) => one.address === address))
}

function localAddress({ hostname, port }: URL): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 443),
    family: 4,
    timeout: CONNECT_TIMEOUT_MS,
  })
  socket.once('connect', () => resolve(socket.localAddress))
  socket.once('timeout', () => resolve(undefined))
  socket.once('error', () => resolve(undefined))
  return promise.finally(() => socket.destroy())
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** Not one of the bridges and links that container engines and we make. */
function firstExternal(): string | undefined {
  const own = Object.entries(networkInterfaces()).filter(([name]) => !/^(docker|br-|veth|skf|cni|virbr)/.test(name))
  return own.flatMap(([, addresses = []]) => addresses).find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}
