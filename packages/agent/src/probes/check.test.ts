import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FakeRuntime } from '../runtime/fake/fake-runtime.ts'
import { Semaphore } from '../semaphore.ts'
import { check } from './check.ts'

/** For what is answered, however busy this machine is. */
const PATIENT = { timeoutSeconds: 60 }

let server: http.Server
let port: number
let silent: net.Server
let silentPort: number

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const agent = request.headers['user-agent']
    const location = new URL(request.url ?? '', 'http://any').searchParams.get('to')
    if (location !== null) response.setHeader('location', location)
    response.writeHead(request.url === '/sick' ? 500 : request.url?.startsWith('/moved') ? 302 : 200, { 'x-agent': agent ?? '' })
    response.end(request.headers['x-key'])
  })
  silent = net.createServer(() => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  silentPort = (silent.address() as AddressInfo).port
})

afterAll(() => {
  server.close()
  server.closeAllConnections()
  silent.close()
})

function contextOf(container: object = {}) {
  const runtime = new FakeRuntime()
  const ids = { podUid: 'u-1', containerId: 'c0' }
  return { runtime, execSlots: new Semaphore(1), container: { name: 'c', ...container }, ...ids, podIp: '127.0.0.1' }
}

test('an HTTP probe passes from 200 to 399', async () => {
  const get = (path: string) => check({ httpGet: { port, path }, ...PATIENT }, contextOf())
  expect(await get('/')).toEqual({ ok: true, output: '' })
  expect((await get('/moved'))?.ok).toBe(true)
  expect(await get('/sick')).toEqual({ ok: false, output: 'HTTP probe failed with statuscode: 500' })
})

test('a redirect is followed on the pod itself only; one that leads elsewhere passes with a warning', async () => {
  const get = (path: string) => check({ httpGet: { port, path }, ...PATIENT }, contextOf())
  expect(await get(`/moved?to=${encodeURIComponent('/sick')}`)).toEqual({
    ok: false,
    output: 'HTTP probe failed with statuscode: 500',
  })
  expect(await get(`/moved?to=${encodeURIComponent('http://192.0.2.1/')}`)).toEqual({
    ok: true,
    output: '',
    warning: 'Probe terminated redirects, Response body: ',
  })
})

test('a command in a container that has ended meanwhile says nothing', async () => {
  expect(await check({ exec: { command: ['true'] } }, contextOf())).toBeUndefined()
})

test('a port may be named', async () => {
  const context = contextOf({ ports: [{ name: 'web', containerPort: port }] })
  expect((await check({ httpGet: { port: 'web' }, ...PATIENT }, context))?.ok).toBe(true)
  await expect(check({ tcpSocket: { port: 'nope' } }, context)).rejects.toThrow("couldn't find port: nope in container c")
})

test('a server that doesn’t answer in time has failed', async () => {
  const result = await check({ httpGet: { port: silentPort }, timeoutSeconds: 0.1 }, contextOf())
  expect(result?.ok).toBe(false)
  expect(result?.output).toContain('context deadline exceeded')
})

test('a port that nobody listens on is refused, in the words that kubelets use', async () => {
  const free = await new Promise<number>((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const found = (probe.address() as AddressInfo).port
      probe.close(() => resolve(found))
    })
  })
  expect(await check({ tcpSocket: { port: free }, ...PATIENT }, contextOf())).toEqual({
    ok: false,
    output: `dial tcp 127.0.0.1:${free}: connect: connection refused`,
  })
  expect((await check({ httpGet: { port: free, path: '/' }, ...PATIENT }, contextOf()))?.output).toBe(
    `Get "http://127.0.0.1:${free}/": dial tcp 127.0.0.1:${free}: connect: connection refused`,
  )
  const usual = { scheme: 'HTTPS', host: '127.5.5.5', port: 443, path: '/' } as const
  expect((await check({ httpGet: usual, ...PATIENT }, contextOf()))?.output).toMatch(
    /: dial tcp 127\.5\.5\.5:443: connect: connection refused$/,
  )
  expect((await check({ tcpSocket: { port }, ...PATIENT }, contextOf()))?.ok).toBe(true)
})
