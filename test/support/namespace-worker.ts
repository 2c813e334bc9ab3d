/**
 * A process inside a network namespace that does there what a test asks for over its message channel: it serves,
 * connects, and programs the kernel as a proxy does. Started by `network-namespace.ts`.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import pino from 'pino'
import { setUpHost, tearDownHost } from '../../packages/proxy/src/kernel/host-setup.ts'
import { createKernelRoutes, type KernelRoutes } from '../../packages/proxy/src/kernel/kernel-routes.ts'
import type { NftTable } from '../../packages/proxy/src/kernel/nft-script.ts'
import { watchTableDeletions } from '../../packages/proxy/src/kernel/watch-tables.ts'
import type { RouteTable } from '../../packages/proxy/src/route-table.ts'

export interface Attempt {
  /** `<server> <our address as it sees us>`, or the error's code. */
  readonly answer: string
}

/** For what is answered: a busy machine may take a while, and a connection that must be tried again 1, 3, 7 or 15 seconds. */
const PATIENCE_MS = 30_000

const logger = pino({ level: process.env.LOG_LEVEL ?? 'error' })
const udpSockets = new Map<string, UdpSocket>()
let kernel: KernelRoutes | undefined
let deletions = 0
let watching: AbortController | undefined

const tasks = {
  async serve(name: string, port: number, address = '0.0.0.0') {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(`${name} ${socket.remoteAddress?.replace('::ffff:', '')}\n`)
    })
    await new Promise<void>((resolve) => server.listen(port, address, resolve))
    const udp = createSocket('udp4')
    udp.on('message', (_, sender) => udp.send(`${name} ${sender.address}\n`, sender.port, sender.address))
    await new Promise<void>((resolve) => udp.bind(port, address, resolve))
  },
  ask: (host: string, port: number, patienceMs = PATIENCE_MS) => ask(host, port, patienceMs),
  async askMany(host: string, port: number, times: number, atOnce: number) {
    const answers: string[] = []
    const lane = async () => {
      while (times-- > 0) answers.push((await ask(host, port, PATIENCE_MS)).answer)
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    return answers
  },
  /** From the same port each time, as one flow. */
  async askUdp(flow: string, host: string, port: number, patienceMs = PATIENCE_MS): Promise<Attempt> {
    const socket = udpSockets.get(flow) ?? createSocket('udp4')
    udpSockets.set(flow, socket)
    const answer = await new Promise<string>((resolve) => {
      const timer = setTimeout(() => resolve('TIMEOUT'), patienceMs)
      socket.once('message', (message) => {
        clearTimeout(timer)
        resolve(message.toString().trim())
      })
      socket.send('?', port, host)
    })
    socket.removeAllListeners('message')
    return { answer }
  },
  setUp: (table: NftTable) => setUpHost({ tableName: table.name, ...table }, logger),
  async apply(table: NftTable, routes: RouteTable) {
    kernel ??= createKernelRoutes(table, logger)
    await kernel.apply(routes)
  },
  /** As a proxy that was started again. */
  forget() {
    kernel = undefined
  },
  stillThere: () => kernel?.stillThere(),
  async remove(table: NftTable) {
    await kernel?.remove()
    await tearDownHost({ tableName: table.name, ...table }, logger)
  },
  watch() {
    watching = new AbortController()
    void watchTableDeletions(() => deletions++, logger, watching.signal)
  },
  deletions: () => deletions,
  residentNfts: () => childrenThatRun('nft\0-i\0'),
  signal: (pid: number, signal: NodeJS.Signals) => process.kill(pid, signal),
  /** Whose programs are found before all others. */
  prefer(folder: string) {
    process.env.PATH = `${folder}:${process.env.PATH}`
  },
}

function childrenThatRun(commandLine: string): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8') === commandLine)
}

function ask(host: string, port: number, patienceMs: number): Promise<Attempt> {
  return new Promise((resolve) => {
    const end = (answer: string) => resolve({ answer: answer.trim() })
    const socket = connect({ host, port, timeout: patienceMs })
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.once('end', () => end(text))
    socket.once('timeout', () => socket.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'ERROR'))
  })
}

export type Tasks = typeof tasks
export interface TaskRequest {
  readonly id: number
  readonly task: keyof Tasks
  readonly args: readonly unknown[]
}
export type TaskResult = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string })

process.on('message', async ({ id, task, args }: TaskRequest) => {
  const run = tasks[task] as (...args: readonly unknown[]) => unknown
  try {
    process.send?.({ id, value: await run(...args) })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.message : String(error) })
  }
})
process.once('disconnect', () => {
  watching?.abort()
  setImmediate(() => process.exit())
})
process.send?.({ id: 0, value: 'ready' })
