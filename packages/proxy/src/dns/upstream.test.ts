import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import dnsPacket from 'dns-packet'
import { afterEach, expect, it } from 'vitest'
import { askUpstream, hostNameServers } from './upstream.ts'

const question = dnsPacket.encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'example.com' }] })
const REFUSED = 5
const stack: (() => unknown)[] = []
afterEach(() => Promise.all(stack.splice(0).map((undo) => undo())))

/** A name server that answers with that code, or never. */
async function startNameServer(address: string, port: number, rcode: number | undefined): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (message, sender) => {
    if (rcode === undefined) return
    const reply = Buffer.from(message)
    reply.writeUInt16BE(0x8000 | rcode, 2)
    // Somebody else's first: it must not be taken for ours.
    const other = Buffer.from(reply)
    other.writeUInt16BE(8, 0)
    for (const packet of [other, reply]) socket.send(packet, sender.port, sender.address)
  })
  socket.bind(port, address)
  await once(socket, 'listening')
  stack.push(() => socket.close())
  return socket.address().port
}

const codeOf = (reply: Buffer | undefined) => reply && [reply.readUInt16BE(0), reply.readUInt16BE(2) & 0xf]

it('asks the next name server soon when the first says nothing', async () => {
  const port = await startNameServer('127.0.0.31', 0, undefined)
  await startNameServer('127.0.0.32', port, 0)
  const start = performance.now()
  expect(codeOf(await askUpstream(['127.0.0.31', '127.0.0.32'], question, 'udp', port))).toEqual([7, 0])
  // Before the time of the first is over.
  expect(performance.now() - start).toBeLessThan(4_000)
})

it('prefers an answer to a refusal, and a refusal to nothing', async () => {
  const port = await startNameServer('127.0.0.33', 0, REFUSED)
  await startNameServer('127.0.0.34', port, 0)
  expect(codeOf(await askUpstream(['127.0.0.33', '127.0.0.34'], question, 'udp', port))).toEqual([7, 0])
  expect(codeOf(await askUpstream(['127.0.0.33', '127.0.0.200'], question, 'udp', port))).toEqual([7, REFUSED])
})

it('has no answer when there is no name server, or none that runs', async () => {
  expect(await askUpstream([], question, 'udp')).toBeUndefined()
  expect(await askUpstream(['127.0.0.200'], question, 'udp', 9)).toBeUndefined()
  expect(await askUpstream(['127.0.0.200'], question, 'tcp', 9)).toBeUndefined()
})

it('takes the name servers from the host, but never itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-dns-'))
  stack.push(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'resolv.conf')
  writeFileSync(
    file,
    'search lan\nnameserver 10.96.0.10\n# nameserver 9.9.9.9\n nameserver 192.0.2.1\nnameserver fd00::1\nnameserver not.an.address\n',
  )
  expect(await hostNameServers(file, '10.96.0.10')).toEqual(['192.0.2.1', 'fd00::1'])
  expect(await hostNameServers(join(folder, 'missing'), '10.96.0.10')).toEqual([])
})
