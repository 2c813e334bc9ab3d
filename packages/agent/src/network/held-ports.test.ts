import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { HostPortInUseError } from '../runtime/runtime.ts'
import { holdPorts } from './held-ports.ts'

test('a port that another process listens on is refused by name, and the others are let go', async () => {
  const taken = await listen(0)
  const spare = await freePort()
  const port = (hostPort: number) => ({ hostIp: '', hostPort, protocol: 'TCP', containerPort: 80 }) as const

  const held = holdPorts([port(spare), port(taken.port)])

  await expect(held).rejects.toThrow(HostPortInUseError)
  await expect(held).rejects.toThrow(`host port ${taken.port}/TCP is already in use on this node`)
  const again = await listen(spare)
  await Promise.all([again.close(), taken.close()])
})

test('a port of an address that this node has not got is refused by that address', async () => {
  const elsewhere = holdPorts([{ hostIp: '203.0.113.9', hostPort: await freePort(), protocol: 'TCP', containerPort: 80 }])

  await expect(elsewhere).rejects.toThrow('this node has no address 203.0.113.9')
})

test('a held port is refused to others until it is released', async () => {
  const port = await freePort()
  const release = await holdPorts([{ hostIp: '127.0.0.1', hostPort: port, protocol: 'TCP', containerPort: 80 }])

  await expect(listen(port, '127.0.0.1')).rejects.toThrow(/EADDRINUSE/)
  release()

  await expect.poll(async () => (await listen(port, '127.0.0.1').then((server) => server.close())) === undefined).toBe(true)
})

async function listen(port: number, host = '0.0.0.0') {
  const server = createServer().listen({ port, host, exclusive: true })
  await once(server, 'listening')
  const address = server.address()
  const close = async () => {
    server.close()
    await once(server, 'close')
  }
  return { port: typeof address === 'object' && address !== null ? address.port : 0, close }
}

async function freePort(): Promise<number> {
  const server = await listen(0)
  await server.close()
  return server.port
}
