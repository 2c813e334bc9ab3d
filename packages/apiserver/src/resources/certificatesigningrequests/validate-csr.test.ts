import { type CertificateSigningRequest, fieldErrorMessage } from '@skiff/api'
import { beforeAll, describe, expect, test } from 'vitest'
import { newTestCertificates } from '../../testdata/certificates.ts'
import { validateCsrStatus } from './validate-csr.ts'

type Status = NonNullable<CertificateSigningRequest['status']>

let certificate: string
let key: string
beforeAll(async () => {
  const made = await newTestCertificates()
  certificate = made.cert
  key = made.key
})

function problems(status: Status, old: Status = {}): string[] {
  const csr = (of: Status) => ({ metadata: { name: 'x' }, spec: {}, status: of }) as unknown as CertificateSigningRequest
  return validateCsrStatus(csr(status), csr(old)).map(fieldErrorMessage)
}

const encoded = (text: string) => Buffer.from(text).toString('base64')

describe('the certificate of a request', () => {
  test('is one, or a chain of them', () => {
    expect(problems({ certificate: encoded(certificate) })).toEqual([])
    expect(problems({ certificate: encoded(`of our own:\n${certificate}\n${certificate}`) })).toEqual([])
  })

  test.each<[string, () => string, string]>([
    ['a key', () => key, 'only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"'],
    ['a chain with a key in it', () => certificate + key, 'only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"'],
    ['plain text', () => 'hello', 'must contain at least one CERTIFICATE PEM block'],
    [
      'an end that never comes',
      () => '-----BEGIN CERTIFICATE-----'.repeat(1_000),
      'must contain at least one CERTIFICATE PEM block',
    ],
    [
      'what is none inside',
      () => '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
      'x509: malformed certificate',
    ],
  ])('is not %s', (_, text, problem) => {
    expect(problems({ certificate: encoded(text()) })).toEqual([
      `status.certificate: Invalid value: "<certificate data>": ${problem}`,
    ])
  })

  test('is final', () => {
    const old = { certificate: encoded(certificate) }
    expect(problems(old, old)).toEqual([])
    expect(problems({ certificate: encoded(`${certificate}\n`) }, old)).toEqual([
      'status.certificate: Forbidden: updates may not set certificate content if existing certificate content is not empty',
    ])
  })
})

test('the conditions of a request have a type and a status, once, and a decision is True', () => {
  const condition = (type: string, status?: string) => ({ type, ...(status ? { status } : {}) }) as never
  expect(problems({ conditions: [condition('Approved', 'True'), condition('Own', 'Unknown')] })).toEqual([])
  expect(
    problems({ conditions: [condition('Denied', 'False'), condition('Own'), condition('', 'True'), condition('Own', 'No')] }),
  ).toEqual([
    'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
    'status.conditions[1].status: Required value',
    'status.conditions[2].type: Required value',
    'status.conditions[3].status: Unsupported value: "No": supported values: "False", "True", "Unknown"',
    'status.conditions[3].type: Duplicate value: "Own"',
  ])
})
