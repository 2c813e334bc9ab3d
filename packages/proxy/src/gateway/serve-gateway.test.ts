import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import pino from 'pino'
import { expect, it } from 'vitest'
import { ask, TestCluster } from './gateway.fixture.ts'
import { serveGateway } from './serve-gateway.ts'

function collectingLogger() {
  const lines: { level: number; msg: string }[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { lines, logger: pino({}, stream) }
}

async function occupyPort() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, free: () => new Promise((resolve) => server.close(resolve)) }
}

it('waits for a port that is taken, saying so once, and serves when it is free', async () => {
  const { port, free } = await occupyPort()
  await using cluster = new TestCluster()
  const stop = new AbortController()
  const { lines, logger } = collectingLogger()
  const served = serveGateway({ port, cluster, logger, signal: stop.signal })
  await expect.poll(() => lines.length).toBe(1)
  await free()
  await expect.poll(() => ask({ port, agent: false }).then(({ status }) => status)).toBe(200)
  expect(lines.map(({ msg }) => msg)).toEqual([
    'the gateway can not have its port yet; going on without, and trying again',
    'gateway started',
  ])
  stop.abort()
  await served
})

it('finishes the requests under way when it ends', async () => {
  const { port, free } = await occupyPort()
  await free()
  await using cluster = new TestCluster()
  const arrived = Promise.withResolvers<ServerResponse>()
  cluster.setService('slow', [await cluster.startPod((_, response) => arrived.resolve(response))])
  const stop = new AbortController()
  const { lines, logger } = collectingLogger()
  const served = serveGateway({ port, cluster, logger, signal: stop.signal })
  await expect.poll(() => lines.map(({ msg }) => msg)).toEqual(['gateway started'])

  const answer = ask({ port, agent: false, headers: { host: 'slow.default.localhost' } })
  const response = await arrived.promise
  stop.abort()
  response.end('finished')
  expect((await answer).body).toBe('finished')
  await served
})
