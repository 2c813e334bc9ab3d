/** What the gateway is measured against: the library alone, with a keep-alive agent. `bare-http-proxy.ts PORT TARGET` */
import { Agent, createServer } from 'node:http'
import httpProxy from 'http-proxy'

const [port, target] = process.argv.slice(2)
const proxy = httpProxy.createProxyServer({
  target: target ?? '',
  agent: new Agent({ keepAlive: true, maxSockets: 128, scheduling: 'lifo' }),
})
proxy.on('error', () => process.exit(1))
createServer((request, response) => proxy.web(request, response)).listen(Number(port), '127.0.0.1')
