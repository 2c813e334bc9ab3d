import 'reflect-metadata'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import * as x509 from '@peculiar/x509'
import { expect, test } from 'vitest'
import { ACCESS_HEADER, CREDENTIALS_HEADER, FINGERPRINT_HEADER, fetchOverTls, PLATFORM_HEADER, peerOf } from './peers.ts'

const NAME = 'docker.io/library/app:1'

test('an image is asked for by its complete name, with this node’s certificate', async () => {
  await using agent = await startAgent()

  const offer = await agent.fetch(NAME)

  expect(agent.asked).toEqual([`/images/${encodeURIComponent(NAME)}`])
  expect(agent.callers).toEqual(['127.0.0.1'])
  expect(agent.shown).toEqual(['hash-1,hash-2'])
  expect(offer).toMatchObject({ fingerprint: 'sha256:f', platform: 'linux/amd64', access: 'hash-1' })
  expect(offer && (await text(offer.stream))).toBe('archive')
})

test('an agent that has not got the image after all, or refuses, is told apart', async () => {
  await using agent = await startAgent()

  expect(await agent.fetch('docker.io/library/missing:1')).toBeUndefined()
  await expect(agent.fetch('docker.io/library/refused:1')).rejects.toThrow(
    'pulled there with credentials that this pod does not hold',
  )
})

test('a peer’s images are known by every way to write their names', () => {
  const images = [
    { names: ['app:1'] },
    { names: ['registry.example.com/db:2', `registry.example.com/db@sha256:${'c'.repeat(64)}`] },
  ]
  const peer = peerOf({ name: 'other', address: '192.0.2.2', images })

  expect(peer.find(NAME)).toBe('built')
  expect(peer.find('registry.example.com/db:2')).toBe('pulled')
  expect(peer.find('docker.io/library/db:2')).toBeUndefined()
})

/** Another agent's server, with a certificate that serves both sides. */
async function startAgent() {
  const { cert, key } = await certificate()
  const asked: string[] = []
  const callers: string[] = []
  const shown: unknown[] = []
  const server = createServer({ cert, key, ca: cert, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    asked.push(request.url ?? '')
    const client = (request.socket as import('node:tls').TLSSocket).getPeerCertificate()
    callers.push(client.subject.CN as string)
    shown.push(request.headers[CREDENTIALS_HEADER])
    if (request.url?.includes('missing')) return response.writeHead(404).end()
    if (request.url?.includes('refused')) return response.writeHead(403).end()
    const headers = { [FINGERPRINT_HEADER]: 'sha256:f', [PLATFORM_HEADER]: 'linux/amd64', [ACCESS_HEADER]: 'hash-1' }
    return response.writeHead(200, headers).end('archive')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const fetch = fetchOverTls({ ca: cert, cert: () => cert, key: () => key, port })
  const peer = peerOf({ name: 'other', address: '127.0.0.1', images: [] })
  return {
    asked,
    callers,
    shown,
    fetch: (name: string) => fetch(peer, { name, credentials: ['hash-1', 'hash-2'] }, new AbortController().signal),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function certificate(): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=127.0.0.1',
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'other' }]),
    ],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return { cert: made.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` }
}
