import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { servePortForward } from './port-forward.ts'

let pod: Server
let agent: WebSocketServer

beforeEach(async () => {
  // As httpd of busybox after a 404: it says all that it has to say, and waits for the other end.
  pod = createServer({ allowHalfOpen: true }, (connection) => {
    connection.on('error', () => undefined)
    connection.once('data', (asked) => connection.end(`no ${asked}`))
  })
  agent = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await Promise.all([once(pod.listen(0, '127.0.0.1'), 'listening'), once(agent, 'listening')])
})
afterEach(() => {
  pod.close()
  agent.close()
})

test('closes when the pod has sent its last byte, though it keeps its end open', async () => {
  const { port } = pod.address() as AddressInfo
  const forward = await servePortForward('127.0.0.1', new URLSearchParams({ port: String(port) }))
  agent.once('connection', (socket) => forward(socket))
  const client = new WebSocket(`ws://127.0.0.1:${(agent.address() as AddressInfo).port}`)
  const said: string[] = []
  client.on('message', (message) => said.push(String(message)))
  client.once('open', () => client.send(Buffer.from('page')))
  const [code] = await once(client, 'close')
  expect([said.join(''), code]).toEqual(['no page', 1000])
})
