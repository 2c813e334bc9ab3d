/** Just enough of a registry to say no in the ways that registries do: each repository refuses in its own. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestFabric } from './test-host.ts'

export interface RefusingRegistry extends AsyncDisposable {
  /** `10.1.2.1:5000`; its repositories are `unauthorized`, `forbidden`, `busy` and `corrupt`. */
  readonly address: string
}

interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  unauthorized: { status: 401, code: 'UNAUTHORIZED', message: 'who are you?' },
  forbidden: { status: 403, code: 'DENIED', message: 'not for you' },
  busy: { status: 429, code: 'TOOMANYREQUESTS', message: 'enough for today' },
}

export async function startRefusingRegistry({ fabric }: TestFabric): Promise<RefusingRegistry> {
  const server = createServer((request, response) => {
    const [, , repository = '', what, name = ''] = (request.url ?? '').split('/')
    const refusal = REFUSALS[repository]
    if (repository === '') response.end('{}')
    else if (refusal) refuse(response, refusal)
    else if (what === 'manifests') send(response, MANIFEST, MANIFEST_TYPE)
    else if (name === digestOf(CONFIG)) send(response, CONFIG, 'application/octet-stream')
    else send(response, Buffer.from('something else'), 'application/octet-stream')
  })
  server.listen(0, fabric.gateway)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `${fabric.gateway}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** An image whose manifest is right and whose layer is not what the manifest says. */
const LAYER_DIGEST = digestOf(Buffer.from('what was pushed'))
const CONFIG = Buffer.from(
  JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [LAYER_DIGEST] } }),
)
const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json'
const MANIFEST = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', size: CONFIG.length, digest: digestOf(CONFIG) },
    layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', size: 14, digest: LAYER_DIGEST }],
  }),
)

function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
  const headers = { 'content-type': 'application/json', ...(status === 401 ? { 'www-authenticate': 'Basic realm="test"' } : {}) }
  response.writeHead(status, headers).end(JSON.stringify({ errors: [{ code, message }] }))
}

function send(response: ServerResponse, body: Buffer, type: string): void {
  const headers = { 'content-type': type, 'content-length': body.length, 'docker-content-digest': digestOf(body) }
  response.writeHead(200, headers).end(body)
}
