/** What probes ask: HTTP and TCP on the first port, gRPC's health service on the second. Says when it listens. */
import http from 'node:http'
import http2 from 'node:http2'

const [httpPort, grpcPort] = process.argv.slice(2).map(Number)
/** Not compressed, two bytes long; field 1: SERVING. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 1])

http.createServer((_, answer) => answer.end('ok')).listen(httpPort)

const grpc = http2.createServer()
grpc.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(SERVING)
})
grpc.listen(grpcPort, () => process.stdout.write('listening\n'))
