import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { publicKeyInfo } from './key-pair.ts'
import { ensureMasterCertificates, type MasterCertificates } from './master-certificates.ts'

const run = promisify(execFile)
const DAY_MS = 24 * 3600_000
const NAMES = ['10.96.0.1', '127.0.0.1', '::1', 'localhost', 'kubernetes.default.svc']

let directory: string
let now: Date
const clock = () => now

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-certificates-'))
  now = new Date()
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const ensure = (servingNames: readonly string[] = NAMES) => ensureMasterCertificates({ directory, servingNames, clock })

describe('the certificates of a master', () => {
  test('are private files in a private directory', async () => {
    await ensure()

    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    const files = await readdir(directory)
    expect(files).toContain('ca.key')
    for (const file of files) expect((await stat(join(directory, file))).mode & 0o777, file).toBe(0o600)
  })

  test('are the same after a restart', async () => {
    const first = await ensure()
    const second = await ensure()

    expect(second.serving).toEqual(first.serving)
    expect(second.authority.certificatePem).toBe(first.authority.certificatePem)
    expect(second.serviceAccountKeyPem).toBe(first.serviceAccountKeyPem)
  })

  test('are trusted by openssl, names included', async () => {
    const { serving } = await ensure()
    const served = join(directory, 'apiserver.crt')
    await writeFile(served, serving.certificatePem)

    const { stdout } = await run('openssl', [
      'verify',
      '-x509_strict',
      '-CAfile',
      join(directory, 'ca.crt'),
      '-verify_ip',
      '::1',
      served,
    ])

    expect(stdout).toContain('OK')
  })

  test('prove server and client to one another', async () => {
    const certificates = await ensure()

    const subject = await clientSubjectSeenByServer(certificates, 'kubernetes.default.svc')

    expect(subject).toEqual({ O: 'system:masters', CN: 'skiff-admin' })
  })

  test('get a new serving certificate when a name is added', async () => {
    const before = await ensure()
    const after = await ensure([...NAMES, '192.0.2.7'])

    expect(new X509Certificate(before.serving.certificatePem).checkIP('192.0.2.7')).toBeUndefined()
    expect(new X509Certificate(after.serving.certificatePem).checkIP('192.0.2.7')).toBe('192.0.2.7')
    expect(after.admin).toEqual(before.admin)
  })

  test('are renewed when less than a third of their life is left, the authority is kept', async () => {
    const before = await ensure()
    now = new Date(now.getTime() + 300 * DAY_MS)
    const after = await ensure()

    expect(after.admin.certificatePem).not.toBe(before.admin.certificatePem)
    expect(new X509Certificate(after.admin.certificatePem).validToDate.getTime()).toBeGreaterThan(now.getTime() + 364 * DAY_MS)
    expect(after.authority.certificatePem).toBe(before.authority.certificatePem)
  })

  test('never outlive their authority', async () => {
    const { authority } = await ensure()
    now = new Date(now.getTime() + 3600 * DAY_MS)
    const { admin } = await ensure()

    expect(new X509Certificate(admin.certificatePem).validTo).toBe(new X509Certificate(authority.certificatePem).validTo)
  })

  test('say in one line that the authority lost its key', async () => {
    await ensure()
    await rm(join(directory, 'ca.key'))

    await expect(ensure()).rejects.toThrow(/ca\.key is missing .* put the key back/)
  })

  test('have the hash that openssl computes', async () => {
    const { authority } = await ensure()
    const { stdout } = await run('sh', [
      '-c',
      'openssl x509 -pubkey -noout -in "$0" | openssl pkey -pubin -outform der | sha256sum',
      join(directory, 'ca.crt'),
    ])

    expect(authority.hash).toBe(`sha256:${stdout.split(' ')[0]}`)
  })

  test('of a node carry its user and group', async () => {
    const { authority, admin } = await ensure()

    const pem = await authority.issue({
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
      usages: ['client'],
      publicKey: publicKeyInfo(admin.keyPem),
    })

    expect(new X509Certificate(pem).subject).toBe('O=system:nodes\nCN=system:node:n1')
    expect(await readFile(join(directory, 'ca.crt'), 'utf8')).toBe(authority.certificatePem)
  })
})

async function clientSubjectSeenByServer(certificates: MasterCertificates, name: string): Promise<Record<string, unknown>> {
  const ca = certificates.authority.certificatePem
  const { serving, admin } = certificates
  const server = createServer({
    key: serving.keyPem,
    cert: serving.certificatePem,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
  })
  try {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const seen = new Promise<TLSSocket>((resolve, reject) => {
      server.once('secureConnection', resolve)
      server.once('tlsClientError', reject)
    })
    const client = connect({
      port: (server.address() as AddressInfo).port,
      host: '127.0.0.1',
      servername: name,
      ca,
      key: admin.keyPem,
      cert: admin.certificatePem,
    })
    const failed = new Promise<never>((_, reject) => client.once('error', reject))
    const socket = await Promise.race([seen, failed])
    const { subject } = socket.getPeerCertificate()
    client.destroy()
    return { ...subject }
  } finally {
    server.close()
  }
}
