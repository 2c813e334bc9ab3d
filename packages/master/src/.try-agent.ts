import { spawn } from 'node:child_process'
import { createServer } from 'node:https'
import { connect } from 'node:net'
import { readFileSync } from 'node:fs'
import { WebSocketServer } from 'ws'
import { NODES, PODS, SERVICE_ACCOUNTS } from '@skiff/api'
import { ApiClient } from '@skiff/client'
const dir = process.argv[2] ?? ''
const src = '/work/main/packages/master/src'
const { openCertificateAuthority } = await import(`${src}/certificates/certificate-authority.ts`)
const { newEcKey, publicKeyInfo } = await import(`${src}/certificates/key-pair.ts`)
const ca = readFileSync(`${dir}/ca.crt`, 'utf8')
const authority = await openCertificateAuthority({ certificatePem: ca, keyPem: readFileSync(`${dir}/ca.key`, 'utf8') }, () => new Date())
const key = await newEcKey()
const cert = await authority.issue({ commonName: 'system:node:n1', organizations: ['system:nodes'], usages: ['server'], names: ['n1'], publicKey: publicKeyInfo(key) })
const server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, (req, res) => {
  console.log('http', req.method, req.url)
  if (req.url?.startsWith('/containerLogs/default/p/c2')) { res.writeHead(400); res.end('container "c2" in pod "p" is waiting to start: ContainerCreating'); return }
  if (req.url?.includes('follow=true')) { res.writeHead(200); let n = 0; const t = setInterval(() => res.write(`line ${n++}\n`), 300); res.on('close', () => { clearInterval(t); console.log('log client left') }); return }
  res.writeHead(200); res.end('hello log\n')
})
const wss = new WebSocketServer({ noServer: true, handleProtocols: (p) => [...p][0] ?? false })
server.on('upgrade', (req, socket, head) => {
  const url = new URL(req.url ?? '', 'https://x')
  console.log('upgrade', req.url, req.headers['sec-websocket-protocol'])
  if (url.pathname.includes('/c2')) { socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 25\r\n\r\ncontainer not found ("c2")'); return }
  wss.handleUpgrade(req, socket, head, (ws) => {
    if (url.pathname.startsWith('/portForward')) {
      const c = connect(Number(url.searchParams.get('port')), '127.0.0.1')
      c.on('error', (e) => { ws.send(String(e.message)); ws.close(1011) })
      c.on('data', (d) => ws.send(d)); c.on('end', () => ws.close(1000))
      ws.on('message', (d: Buffer) => c.write(d)); ws.on('close', () => c.destroy())
      return
    }
    const [cmd = 'sh', ...args] = url.searchParams.getAll('command')
    const child = spawn(cmd, args)
    child.on('error', (e) => { ws.send(Buffer.concat([Buffer.of(3), Buffer.from(JSON.stringify({ status: 'Failure', reason: 'InternalError', message: e.message, code: 500 }))])); ws.close(1000) })
    child.stdout.on('data', (d) => ws.send(Buffer.concat([Buffer.of(1), d])))
    child.stderr.on('data', (d) => ws.send(Buffer.concat([Buffer.of(2), d])))
    ws.on('message', (m: Buffer) => { if (m[0] === 0) child.stdin.write(m.subarray(1)); else if (m[0] === 255) child.stdin.end(); else if (m[0] === 4) { console.log('resize', m.subarray(1).toString().trim()) } })
    ws.on('close', () => { console.log('exec ws closed'); child.kill() })
    child.on('close', (code) => { const st = code === 0 ? { metadata: {}, status: 'Success' } : { metadata: {}, status: 'Failure', reason: 'NonZeroExitCode', message: `command terminated with exit code ${code}`, details: { causes: [{ reason: 'ExitCode', message: String(code) }] } }; ws.send(Buffer.concat([Buffer.of(3), Buffer.from(JSON.stringify(st))])); ws.close(1000) })
  })
})
await new Promise<void>((r) => server.listen(20250, '127.0.0.1', r))
const client = new ApiClient({ server: `unix:${dir}/api.sock`, userAgent: 'try' })
const ok = (p: Promise<unknown>) => p.catch((e) => console.log(String(e)))
await ok(client.create(NODES, { metadata: { name: 'n1' } }))
await ok(client.patch(NODES, { name: 'n1', subresource: 'status' }, { type: 'merge', body: { status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: 20250 } } } } }))
await ok(client.create(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace: 'default' } }))
await ok(client.create(PODS, { metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 18080 }] }] } }))
await ok(client.create(PODS, { metadata: { name: 'two', namespace: 'default' }, spec: { nodeName: 'n1', containers: [{ name: 'a', image: 'x' }, { name: 'b', image: 'x', securityContext: { privileged: true } }] } }))
for (const name of ['p', 'two']) await ok(client.patch(PODS, { name, namespace: 'default', subresource: 'status' }, { type: 'merge', body: { status: { phase: 'Running', podIP: '10.244.0.5', containerStatuses: [{ name: 'c', ready: true, restartCount: 0, image: 'x', imageID: '', state: { running: {} } }] } } }))
console.log('ready')
