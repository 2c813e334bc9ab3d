import { dnsSubdomainProblems, type FieldError, type FieldPath, invalidEach, required, tooLong } from '@skiff/api'

const MAX_BYTES = 63

/** The name of a CSI driver: a domain that fits into a label. */
export function validateDriverName(name: string | undefined, field: FieldPath): FieldError[] {
  if (!name) return [required(field)]
  const long = Buffer.byteLength(name) > MAX_BYTES ? [tooLong(field, MAX_BYTES)] : []
  return [...long, ...invalidEach(field, name, dnsSubdomainProblems(name.toLowerCase()))]
}
