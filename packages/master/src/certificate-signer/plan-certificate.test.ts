import type { CertificateSigningRequest } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { newEcKey } from '../certificates/key-pair.ts'
import { nodeCertificateRequest } from '../testing/node-certificate-request.ts'
import { type CertificateRequest, readCertificateRequest } from './certificate-request.ts'
import { planCertificate } from './plan-certificate.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const SURROUNDINGS = { now: NOW, isForeign: () => false }

const REQUEST: CertificateRequest = {
  commonName: 'system:node:n1',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  otherNames: [],
  publicKey: new Uint8Array(),
}

const JOINING = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:authenticated'] }
const ITSELF = { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] }

function csr(spec: object = {}, status: object = {}): CertificateSigningRequest {
  return {
    metadata: { name: 'c', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-11-21T11:59:00Z' },
    spec: {
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
      request: '',
      ...JOINING,
      ...spec,
    },
    status,
  } as CertificateSigningRequest
}
const SERVING = { ...ITSELF, signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] }

describe('a request for a client certificate', () => {
  test('of a joining host is approved, then signed', () => {
    expect(planCertificate(csr(), REQUEST, SURROUNDINGS)).toMatchObject({ type: 'approve' })
    expect(planCertificate(csr({}, approved()), REQUEST, SURROUNDINGS)).toEqual({ type: 'sign', usages: ['client'] })
  })

  test('of a node for itself is approved, of a node for another is not', () => {
    expect(planCertificate(csr(ITSELF), REQUEST, SURROUNDINGS)).toMatchObject({ type: 'approve' })
    expect(planCertificate(csr({ ...ITSELF, username: 'system:node:n2' }), REQUEST, SURROUNDINGS)).toMatchObject({ type: 'wait' })
  })

  test('of anybody else waits for a person', () => {
    expect(planCertificate(csr({ username: 'eve', groups: ['system:authenticated'] }), REQUEST, SURROUNDINGS)).toMatchObject({
      type: 'wait',
    })
  })

  test.each<[string, Partial<CertificateRequest>, object]>([
    ['another group', { organizations: ['system:masters'] }, {}],
    ['a second group', { organizations: ['system:nodes', 'system:masters'] }, {}],
    ['a user that is no node', { commonName: 'admin' }, {}],
    ['names', { dnsNames: ['kubernetes'] }, {}],
    ['use as a server', {}, { usages: ['client auth', 'server auth'] }],
    ['no use as a client', {}, { usages: ['digital signature'] }],
  ])('with %s is neither approved nor signed', (_what, request, spec) => {
    expect(planCertificate(csr(spec), { ...REQUEST, ...request }, SURROUNDINGS)).toMatchObject({ type: 'wait' })
    expect(planCertificate(csr(spec, approved()), { ...REQUEST, ...request }, SURROUNDINGS)).toMatchObject({ type: 'fail' })
  })

  test('that was denied stays so', () => {
    expect(planCertificate(csr({}, { conditions: [{ type: 'Denied' }] }), REQUEST, SURROUNDINGS)).toMatchObject({ type: 'wait' })
  })

  test('for another signer is left alone', () => {
    expect(planCertificate(csr({ signerName: 'example.com/x' }, approved()), REQUEST, SURROUNDINGS)).toMatchObject({
      type: 'wait',
    })
  })
})

describe('a request for a serving certificate', () => {
  const named = { ...REQUEST, dnsNames: ['n1'], ipAddresses: ['192.0.2.1'] }

  test('of a node for itself is approved', () => {
    expect(planCertificate(csr(SERVING), named, SURROUNDINGS)).toMatchObject({ type: 'approve' })
  })

  test('of a joining host is not: it has to be a node first', () => {
    expect(planCertificate(csr({ ...SERVING, ...JOINING }), named, SURROUNDINGS)).toMatchObject({ type: 'wait' })
  })

  test('for somebody else’s address is not', () => {
    const isForeign = (name: string) => name === '192.0.2.1'

    expect(planCertificate(csr(SERVING), named, { now: NOW, isForeign })).toMatchObject({ type: 'wait' })
  })

  test('without any name is not', () => {
    expect(planCertificate(csr(SERVING), REQUEST, SURROUNDINGS)).toMatchObject({ type: 'wait' })
  })
})

describe('a request of a person', () => {
  const CLIENT = { signerName: 'kubernetes.io/kube-apiserver-client', username: 'root', groups: ['system:masters'] }
  const ann = { ...REQUEST, commonName: 'ann', organizations: ['dev'] }

  test('is signed when somebody has approved it, not before', () => {
    expect(planCertificate(csr(CLIENT), ann, SURROUNDINGS)).toMatchObject({ type: 'wait' })
    expect(planCertificate(csr(CLIENT, approved()), ann, SURROUNDINGS)).toEqual({ type: 'sign', usages: ['client'] })
  })

  test.each<[string, Partial<CertificateRequest>, object]>([
    ['the masters’ group', { organizations: ['system:masters'] }, {}],
    ['no name', { commonName: '' }, {}],
    ['use as a server', {}, { usages: ['client auth', 'server auth'] }],
  ])('with %s is not signed, whoever approved it', (_, request, spec) => {
    const plan = planCertificate(csr({ ...CLIENT, ...spec }, approved()), { ...ann, ...request }, SURROUNDINGS)

    expect(plan).toMatchObject({ type: 'fail' })
  })

  test('to the old signer without a name is signed for what it asks', () => {
    const spec = { ...CLIENT, signerName: 'kubernetes.io/legacy-unknown', usages: ['client auth', 'server auth'] }

    expect(planCertificate(csr(spec), ann, SURROUNDINGS)).toMatchObject({ type: 'wait' })
    expect(planCertificate(csr(spec, approved()), ann, SURROUNDINGS)).toEqual({ type: 'sign', usages: ['client', 'server'] })
  })
})

describe('an old request', () => {
  const at = (time: string) => ({ now: new Date(time), isForeign: () => false })

  test('goes an hour after it was signed, a day after it was made', () => {
    const signed = csr({}, { certificate: 'eA==' })

    expect(planCertificate(signed, REQUEST, at('2026-11-21T12:58:00Z'))).toMatchObject({ type: 'wait' })
    expect(planCertificate(signed, REQUEST, at('2026-11-21T13:00:00Z'))).toEqual({ type: 'delete' })
    expect(planCertificate(csr({ username: 'eve', groups: [] }), REQUEST, at('2026-11-22T12:00:00Z'))).toEqual({ type: 'delete' })
  })
})

describe('a PKCS#10 request', () => {
  test('is read as what it asks for', async () => {
    const pem = await nodeCertificateRequest({ keyPem: await newEcKey(), node: 'n1', names: ['n1', '192.0.2.1', '2001:db8::1'] })

    expect(await readCertificateRequest(pem)).toMatchObject({
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
      dnsNames: ['n1'],
      ipAddresses: ['192.0.2.1', '2001:db8::1'],
      otherNames: [],
    })
  })

  test('that is cut, or whose signature is not its own, is none', async () => {
    const pem = await nodeCertificateRequest({ keyPem: await newEcKey(), node: 'n1' })
    const der = Buffer.from(pem.replace(/-----.*-----|\n/g, ''), 'base64')
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1

    expect(
      await readCertificateRequest(
        `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`,
      ),
    ).toBeUndefined()
    expect(await readCertificateRequest('x')).toBeUndefined()
  })
})

function approved() {
  return { conditions: [{ type: 'Approved', status: 'True' }] }
}
