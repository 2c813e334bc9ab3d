import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startTestApiServer } from '../testing.ts'
import type { Streaming } from './request-context.ts'

/** Takes the connection and never lets it go. */
const HOLDS_ON: Streaming = {
  serve: async () => undefined,
  upgrade: async ({ socket }) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
}

test('a server that is closed does not wait for streams that would never end', async () => {
  const api = await startTestApiServer({ streaming: HOLDS_ON })
  const { hostname, port } = new URL(api.url)
  const socket = connect(Number(port), hostname)
  socket.write('GET /skiff/v1/nodes/a/stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  expect(String(await once(socket, 'data'))).toContain('101 Switching Protocols')

  const ended = once(socket, 'close')
  await api.close()
  await ended
})
