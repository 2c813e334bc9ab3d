/**
 * What `measureManyProbes` has the agent ask, asked by Node's own clients and nothing else: what so many probes cost at least.
 * Prints the share of a core that this took.
 */
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** As often as the agent wakes up for its probes. */
const TICK_MS = 100
const HEALTH_CHECK = {
  ':method': 'POST',
  ':path': '/grpc.health.v1.Health/Check',
  'content-type': 'application/grpc',
  te: 'trailers',
}
/** Not compressed, and empty: the server as a whole. */
const WHOLE_SERVER = Buffer.alloc(5)

const [host = '', ...numbers] = process.argv.slice(2)
const [httpPort = 0, grpcPort = 0, aSecond = 0, settleMs = 0, measuredMs = 0] = numbers.map(Number)

function askHttp(): void {
  const request = http.get({ createConnection: () => net.connect(httpPort, host) }, (response) => {
    response.resume().once('end', () => request.destroy())
  })
}

function askTcp(): void {
  const socket = net.connect(httpPort, host, () => socket.destroy())
}

function askGrpc(): void {
  const session = http2.connect(`http://${host}:${grpcPort}`)
  const stream = session.request(HEALTH_CHECK)
  stream.resume().once('close', () => session.destroy())
  stream.end(WHOLE_SERVER)
}

const ways = [askHttp, askTcp, askGrpc]
let asked = 0
setInterval(() => {
  for (let i = 0; i < (aSecond * TICK_MS) / 1000; i++) ways[asked++ % ways.length]?.()
}, TICK_MS)

await sleep(settleMs)
const before = process.cpuUsage()
await sleep(measuredMs)
const { user, system } = process.cpuUsage(before)
process.stdout.write(`${(100 * (user + system)) / 1000 / measuredMs}\n`)
process.exit()
