/** http-proxy 1.18.1 with what it lacks: each mend below names the defect (the numbers are the library's issues). */
import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import httpProxy from 'http-proxy'
import type { Backend } from '../route-table.ts'

/** A pod's host that is gone says nothing at all. */
const CONNECT_TIMEOUT_MS = 3_000
/** Shorter than the 5 s after which Node's own servers close an idle connection: or a request would meet the closing. */
const IDLE_CONNECTION_MS = 4_000
const MAX_CONNECTIONS_PER_BACKEND = 128

export interface Forwarder {
  /** Resolves when the answer is on its way or the client has left; rejects when the backend gave none. */
  forward(request: IncomingMessage, response: ServerResponse, backend: Backend): Promise<void>
  /**
   * Joins the client's connection with the backend's until one of them ends. `onRefusal` is called, at once, when the
   * backend gave no answer: the client waits for one.
   */
  forwardUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    to: { readonly backend: Backend; readonly onRefusal: (err: Error) => void },
  ): void
  /** Ends the connections to backends. */
  close(): void
}

export function createForwarder(): Forwarder {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_CONNECTIONS_PER_BACKEND,
    scheduling: 'lifo',
    timeout: IDLE_CONNECTION_MS,
  })
  // The path goes through as it came (`toProxy`); the pod sees the name that the client asked for.
  const proxy = httpProxy.createProxyServer({ xfwd: true, toProxy: true })
  keepBodiesOfDeletes(proxy)
  proxy.on('proxyReq', (outgoing, _, response) => {
    limitConnectTime(outgoing)
    leaveWithTheClient(outgoing, response)
  })
  proxy.on('proxyRes', (answer, _, response) => {
    makeSendable(answer, response)
    breakWithTheBackend(answer, response)
  })
  const answered = new WeakSet<IncomingMessage>()
  proxy.on('proxyReqWs', (outgoing, request, socket) => {
    prepareUpgrade(outgoing, socket)
    outgoing.once('response', () => answered.add(request))
    outgoing.once('upgrade', () => answered.add(request))
  })
  return {
    forward(request, response, backend) {
      removeHopByHop(request)
      return new Promise((resolve, reject) => {
        const isOver = () => resolve()
        response.once('close', isOver)
        proxy.web(request, response, { target: targetOf(backend), agent }, (err) => {
          response.removeListener('close', isOver)
          if (response.destroyed) resolve()
          else reject(err)
        })
      })
    },
    forwardUpgrade(request, socket, head, { backend, onRefusal }) {
      proxy.ws(request, socket, head, { target: targetOf(backend) }, (err) => {
        if (!answered.has(request)) onRefusal(err)
      })
    },
    close: () => agent.destroy(),
  }
}

const targetOf = ({ ip, port }: Backend) => ({ protocol: 'http:', host: ip, hostname: ip, port })

/**
 * CVE-2026-29057: the library takes the chunked body of a DELETE or OPTIONS for the next request of the connection,
 * having declared its length to be 0. Node frames such requests right without its help.
 */
function keepBodiesOfDeletes(proxy: httpProxy): void {
  const patched = proxy as httpProxy & { webPasses: ((...args: never[]) => unknown)[] }
  patched.webPasses = patched.webPasses.filter((pass) => pass.name !== 'deleteLength')
}

/**
 * What concerns one connection only. `Trailer` without chunks makes Node throw (#1647); with `Expect` the library
 * doesn't tell of the request, and the server has answered it already; `Upgrade` is here only where it was not followed.
 */
function removeHopByHop({ headers }: IncomingMessage): void {
  for (const name of ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'expect', 'upgrade', 'http2-settings'])
    delete headers[name]
}

function limitConnectTime(outgoing: ClientRequest): void {
  const { socket } = outgoing
  if (!socket?.connecting) return
  const timer = setTimeout(
    () => outgoing.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`)),
    CONNECT_TIMEOUT_MS,
  )
  const stop = () => clearTimeout(timer)
  socket.once('connect', stop)
  socket.once('close', stop)
}

/** #1586: the backend would work on for a client that left. */
function leaveWithTheClient(outgoing: ClientRequest, response: ServerResponse): void {
  const leave = () => {
    if (!response.writableFinished) outgoing.destroy()
  }
  if (response.destroyed) leave()
  else response.once('close', leave)
}

/** What Node refuses to send would end this process (#1647), and the connection is ours, not the backend's. */
function makeSendable(answer: IncomingMessage, response: ServerResponse): void {
  delete answer.headers.trailer
  delete answer.headers['keep-alive']
  answer.headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close'
  if ((answer.statusCode ?? 0) < 200) Object.assign(answer, { statusCode: 502, statusMessage: 'Bad Gateway' })
}

/** A backend that dies in the middle: without this the client would wait for the rest for ever. */
function breakWithTheBackend(answer: IncomingMessage, response: ServerResponse): void {
  answer.once('close', () => {
    if (!answer.complete) response.destroy()
  })
}

/** A refusal's body comes without its chunks' lengths, on a connection that ends with it; a client that leaves takes the backend's along. */
function prepareUpgrade(outgoing: ClientRequest, socket: Duplex): void {
  outgoing.once('socket', () => limitConnectTime(outgoing))
  outgoing.on('response', ({ headers }) => {
    delete headers['transfer-encoding']
    headers.connection = 'close'
  })
  outgoing.on('upgrade', (_, backend) => {
    socket.once('close', () => backend.destroy())
  })
  socket.once('close', () => outgoing.destroy())
}
