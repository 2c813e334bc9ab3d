import {
  type CertificateSigningRequest,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  notSupported,
  path,
  qualifiedNameProblems,
  required,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { certificateProblem } from './certificate-problem.ts'

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]
const MIN_EXPIRATION_SECONDS = 600
/** What is said by their mere presence. */
const DECISIONS = ['Approved', 'Denied', 'Failed']

export function validateCsr({ spec }: CertificateSigningRequest): FieldError[] {
  const field = path('spec')
  const errors: FieldError[] = []
  const pem = Buffer.from(spec.request ?? '', 'base64').toString()
  if (!pem.includes('-----BEGIN CERTIFICATE REQUEST-----')) {
    errors.push(invalid(field.child('request'), spec.request ?? '', 'PEM block type must be CERTIFICATE REQUEST'))
  }
  const usages = spec.usages ?? []
  if (usages.length === 0) errors.push(required(field.child('usages'), 'usages must be provided'))
  usages.forEach((usage, index) => {
    const at = field.child('usages').index(index)
    if (!USAGES.includes(usage)) errors.push(notSupported(at, usage, USAGES))
    if (usages.indexOf(usage) < index) errors.push(duplicate(at, usage))
  })
  errors.push(...validateSignerName(spec.signerName))
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < MIN_EXPIRATION_SECONDS) {
    errors.push(
      invalid(
        field.child('expirationSeconds'),
        spec.expirationSeconds,
        `may not specify a duration less than ${MIN_EXPIRATION_SECONDS} seconds (10 minutes)`,
      ),
    )
  }
  return errors
}

function validateSignerName(signer: string | undefined): FieldError[] {
  const field = path('spec', 'signerName')
  if (!signer) return [required(field)]
  if (!signer.includes('/'))
    return [invalid(field, signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
  return invalidEach(field, signer, qualifiedNameProblems(signer))
}

/** A decision is final, and so is a certificate. */
export function validateCsrStatus(csr: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return [...conditionErrors(csr, old), ...certificateErrors(csr, old)]
}

function conditionErrors(csr: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const field = path('status', 'conditions')
  const conditions = csr.status?.conditions ?? []
  const types = conditions.map(({ type }) => type)
  const errors = conditions.flatMap(({ type, status }, index) => {
    const at = field.index(index)
    return [
      ...(type ? [] : [required(at.child('type'))]),
      ...statusErrors(at.child('status'), status, DECISIONS.includes(type) ? ['True'] : ['False', 'True', 'Unknown']),
      ...(types.indexOf(type) < index ? [duplicate(at.child('type'), type)] : []),
    ]
  })
  if (types.includes('Approved') && types.includes('Denied')) {
    errors.push(invalid(field, 'Denied', 'Approved and Denied conditions are mutually exclusive'))
  }
  for (const { type } of old.status?.conditions ?? []) {
    if (type !== 'Failed' && !types.includes(type))
      errors.push(forbiddenField(field, `updates may not remove a condition of type "${type}"`))
  }
  return errors
}

function statusErrors(field: FieldPath, status: string, allowed: readonly string[]): FieldError[] {
  if (!status) return [required(field)]
  return allowed.includes(status) ? [] : [notSupported(field, status, allowed)]
}

function certificateErrors(csr: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const field = path('status', 'certificate')
  const certificate = csr.status?.certificate
  if (jsonEquals(certificate, old.status?.certificate)) return []
  if (old.status?.certificate) {
    return [forbiddenField(field, 'updates may not set certificate content if existing certificate content is not empty')]
  }
  const problem = certificate ? certificateProblem(Buffer.from(certificate, 'base64').toString('latin1')) : undefined
  return problem === undefined ? [] : [invalid(field, '<certificate data>', problem)]
}
