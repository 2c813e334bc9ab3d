import { X509Certificate } from 'node:crypto'

const BEGIN = '-----BEGIN '
const DASHES = '-----'

interface PemBlock {
  readonly type: string
  readonly body: string
}

/** Why this is no chain of certificates in PEM, in upstream's words; undefined: it is one. */
export function certificateProblem(pem: string): string | undefined {
  let count = 0
  for (const { type, body } of pemBlocks(pem)) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${type}"`
    if (body.includes(':')) return 'no PEM block headers are permitted'
    if (!isCertificate(Buffer.from(body, 'base64'))) return 'x509: malformed certificate'
    count++
  }
  return count > 0 ? undefined : 'must contain at least one CERTIFICATE PEM block'
}

/** The text between the blocks is nobody's business, nor is a block that never ends. Each letter is looked at a few times at most. */
function* pemBlocks(text: string): Generator<PemBlock> {
  for (let begin = text.indexOf(BEGIN); begin >= 0; ) {
    const typeEnd = text.indexOf(DASHES, begin + BEGIN.length)
    if (typeEnd < 0) return
    const type = text.slice(begin + BEGIN.length, typeEnd)
    const end = text.indexOf(`-----END ${type}-----`, typeEnd)
    if (end < 0) return
    yield { type, body: text.slice(typeEnd + DASHES.length, end) }
    begin = text.indexOf(BEGIN, end)
  }
}

function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length === der.length
  } catch {
    return false
  }
}
