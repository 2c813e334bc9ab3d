import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'

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

/** By the routes alone: nothing is sent, so that a master that is away just now changes nothing. */
function localAddress({ hostname, port }: URL): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = createSocket('udp4')
  socket.connect(Number(port || 443), hostname.replace(/^\[|\]$/g, ''), (error?: Error) =>
    resolve(error === undefined ? socket.address().address : undefined),
  )
  return promise.finally(() => socket.close())
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** Not one of the bridges and links that container engines and we make. */
function firstExternal(): string | undefined {
  const own = Object.entries(networkInterfaces()).filter(([name]) => !/^(docker|br-|veth|skf|cni|virbr)/.test(name))
  return own.flatMap(([, addresses = []]) => addresses).find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}
