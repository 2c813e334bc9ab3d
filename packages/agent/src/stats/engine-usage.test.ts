import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EngineUsage } from './engine-usage.ts'
import { containerdSockets, findEngine, parseListeners } from './find-engine.ts'
import { readHostUsage } from './host-usage.ts'
import { processUsageOf } from './process-usage.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-engine-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('who listens on the engine’s socket is the engine, by whatever name the socket is known; nobody else is', async () => {
  const [socket, link] = [join(directory, 'docker.sock'), join(directory, 'link.sock')]
  await symlink(socket, link)
  const server = createServer().listen(socket)
  await once(server, 'listening')
  expect((await findEngine(link))[0]).toBe(process.pid)
  const engine = new EngineUsage(socket)
  expect(engine.read()).toBeUndefined()
  await engine.find()
  const used = engine.read()
  server.close()
  expect(used?.memory.rssBytes).toBeGreaterThan(2 ** 20)
  expect(used?.memory.rssBytes).toBeLessThan(readHostUsage().capacityBytes)
  expect(used?.cpu.totalNs).toBeGreaterThan(0)
  expect(used?.uptimeSeconds).toBeGreaterThan(0)
  await once(server, 'close')
  expect(await findEngine(socket)).toEqual([])
})

test('sockets that are listened on are told from those that talk, and from those without a path', () => {
  const lines = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 20801 /run/docker.sock',
    '0000000000000000: 00000003 00000000 00000000 0001 03 20802 /run/docker.sock',
    '0000000000000000: 00000002 00000000 00010000 0001 01 20803 @/containerd-shim/a.sock',
    '0000000000000000: 00000003 00000000 00000000 0001 03 20804',
    '0000000000000000: 00000002 00000000 00010000 0001 01 20805 /tmp/a name.sock',
  ]
  expect(parseListeners(lines.join('\n'))).toEqual([
    { path: '/run/docker.sock', inode: '20801' },
    { path: '/tmp/a name.sock', inode: '20805' },
  ])
})

test.for([
  ['dockerd -H fd:// --containerd=/run/containerd/containerd.sock', ['/run/containerd/containerd.sock']],
  ['dockerd --containerd /c.sock --debug', ['/c.sock']],
  ['dockerd --exec-root=/run/other', ['/run/other/containerd/containerd.sock', '/run/containerd/containerd.sock']],
  ['dockerd', ['/run/docker/containerd/containerd.sock', '/run/containerd/containerd.sock']],
] as const)('%s works with the containerd at %s', ([commandLine, sockets]) => {
  expect(containerdSockets(commandLine.split(' '))).toEqual(sockets)
})

test('a process says what it has used, whatever its name', () => {
  const used = processUsageOf({
    stat: '812 (docker (x) d) S 1 812 812 0 -1 4194560 900 5 30 7 250 50 9 9 20 0 17 0 2000 3133440 358 18446744073709551615\n',
    status: 'Name:\tdockerd\nVmHWM:\t   99999 kB\nVmRSS:\t   81920 kB\nVmSwap:\t       8 kB\nThreads:\t17\n',
    uptime: '120.50 200.00\n',
  })
  expect(used).toMatchObject({
    cpu: { totalNs: 3e9, userNs: 2.5e9, systemNs: 5e8 },
    memory: { rssBytes: 80 * 2 ** 20, workingSetBytes: 80 * 2 ** 20, swapBytes: 8_192, pageFaults: 930, majorPageFaults: 30 },
    processes: 17,
    uptimeSeconds: 100.5,
  })
})
