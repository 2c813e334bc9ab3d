/** The least that a Node server does: read the request, send bytes that it has. `bare-https-server.ts CERT KEY ANSWER HEADERS` */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

const [cert = '', key = '', answerFile = '', headers = '{}'] = process.argv.slice(2)
const answer = readFileSync(answerFile)
const sent: Readonly<Record<string, string>> = JSON.parse(headers)
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  request.resume().once('end', () => {
    response.writeHead(200, { ...sent, 'content-length': answer.length })
    response.end(answer)
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
