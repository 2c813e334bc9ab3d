import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CONFIG_MAPS, NAMESPACES } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { expect, test } from 'vitest'
import { ensureObjects } from './ensure-objects.ts'

const AT_ONCE = 4

test('asks for all objects of the namespaces at once, so that a slow disk or machine is waited for once', async () => {
  await using api = await EmptyApi.start(AT_ONCE)
  const namespace = { info: NAMESPACES, object: { metadata: { name: 'default' } }, keep: [] }
  const objects = Array.from({ length: AT_ONCE }, (_, i) => ({
    info: CONFIG_MAPS,
    object: { metadata: { name: `object-${i}`, namespace: 'default' } },
    keep: [],
  }))
  const client = new ApiClient({ server: api.url, userAgent: 'test' })
  // None of them is answered before the last one has come.
  await ensureObjects(client, [namespace, ...objects])
  client.close()
  expect(api.created[0]).toBe('/api/v1/namespaces')
  expect(api.created).toHaveLength(1 + AT_ONCE)
})

/** Has nothing, takes everything, and answers writes within a namespace once so many wait for it. */
class EmptyApi implements AsyncDisposable {
  readonly created: string[] = []
  readonly #waiting: ServerResponse[] = []
  readonly #server = createServer((request, response) => {
    request.resume()
    const path = request.url ?? ''
    if (request.method === 'GET') return response.end('{"metadata":{"resourceVersion":"1"},"items":[]}')
    this.created.push(path)
    if (!path.startsWith('/api/v1/namespaces/')) return response.end('{}')
    if (this.#waiting.push(response) === this.#atOnce) for (const waiting of this.#waiting) waiting.end('{}')
    return response
  })
  readonly #atOnce: number

  private constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  static async start(atOnce: number): Promise<EmptyApi> {
    const api = new EmptyApi(atOnce)
    await once(api.#server.listen(0, '127.0.0.1'), 'listening')
    return api
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
