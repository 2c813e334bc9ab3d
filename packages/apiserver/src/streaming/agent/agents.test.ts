import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { ObjectReader } from '../../registry/resource-definition.ts'
import { createTestAuthority } from '../testing/test-certificates.ts'
import { Agents } from './agents.ts'

test('a host that takes no connection is given up soon, not after the time that an answer may take', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const authority = await createTestAuthority()
  const own = await authority.issue({ commonName: 'skiff-master', usage: 'client' })
  const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }]
  const node = { metadata: { name: 'n1' }, status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } } }
  const agents = new Agents({
    objects: { get: () => node } as unknown as ObjectReader,
    credentials: () => ({ authorityPem: authority.certificatePem, ...own }),
    connectTimeoutMs: 50,
  })

  await expect(agents.get('n1', '/containerLogs', new AbortController().signal)).rejects.toMatchObject({
    reason: 'ServiceUnavailable',
    message: expect.stringMatching(/^the agent of node n1 can not be reached at 127\.0\.0\.1:\d+: no connection within 0\.05 s$/),
  })

  agents.close()
  silent.close()
})
