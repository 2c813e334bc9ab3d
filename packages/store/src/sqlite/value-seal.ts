import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** No value that a client could have written begins like this: values are JSON. */
const MAGIC = Buffer.from('\0sealed1')
const HEAD_BYTES = MAGIC.length + KEY_ID_BYTES + NONCE_BYTES

interface SealKey {
  readonly id: Buffer
  readonly secret: Buffer
}

/** None of the keys opens a value. */
export class UnknownSealError extends Error {
  override name = 'UnknownSealError'
}

/**
 * Seals values with AES-256-GCM, each bound to the key it is stored under, so that nobody who can write the file can
 * move a value to another place. The first key seals; all of them open, so that a key can be replaced.
 */
export class ValueSeal {
  readonly #prefixes: readonly string[]
  readonly #newest: SealKey
  readonly #keys: ReadonlyMap<string, SealKey>

  constructor(prefixes: readonly string[], secrets: readonly [Buffer, ...Buffer[]]) {
    this.#prefixes = prefixes
    const keys = secrets.map((secret) => ({ id: keyId(secret), secret }))
    this.#newest = { id: keyId(secrets[0]), secret: secrets[0] }
    this.#keys = new Map(keys.map((key) => [key.id.toString('hex'), key]))
  }

  covers(key: string): boolean {
    return this.#prefixes.some((prefix) => key.startsWith(prefix))
  }

  /** The value as it is to be stored. */
  seal(key: string, value: Uint8Array): Uint8Array {
    if (!this.covers(key)) return value
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#newest.secret, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(key))
    return Buffer.concat([MAGIC, this.#newest.id, nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()])
  }

  /** What a stored value says; one that was stored in the clear is that. Throws UnknownSealError, and for a damaged value. */
  open(key: string, stored: Buffer): Buffer {
    if (!isSealed(stored)) return stored
    const seal = this.#keys.get(sealKeyId(stored).toString('hex'))
    if (seal === undefined) throw new UnknownSealError(key)
    const nonce = stored.subarray(HEAD_BYTES - NONCE_BYTES, HEAD_BYTES)
    const decipher = createDecipheriv(ALGORITHM, seal.secret, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(key)).setAuthTag(stored.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(stored.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()])
  }

  /** Whether a stored value should be sealed anew: it is in the clear, or an older key's. */
  isStale(key: string, stored: Buffer): boolean {
    return this.covers(key) && !(isSealed(stored) && sealKeyId(stored).equals(this.#newest.id))
  }
}

export function isSealed(stored: Buffer): boolean {
  return stored.length >= HEAD_BYTES + TAG_BYTES && stored.subarray(0, MAGIC.length).equals(MAGIC)
}

function sealKeyId(stored: Buffer): Buffer {
  return stored.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES)
}

/** Tells keys apart without telling anything of them. */
function keyId(secret: Buffer): Buffer {
  return createHash('sha256').update(secret).digest().subarray(0, KEY_ID_BYTES)
}

/** The text of a new key file: one line, base64. */
export function newSealKey(): string {
  return `${randomBytes(KEY_BYTES).toString('base64')}\n`
}

/** One key a line, the newest first; lines that begin with # are comments. Undefined when a line is no key, or there is none. */
export function parseSealKeys(text: string): readonly [Buffer, ...Buffer[]] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const keys = lines.map((line) => Buffer.from(line, 'base64'))
  const [first, ...rest] = keys
  return first === undefined || keys.some((key) => key.length !== KEY_BYTES) ? undefined : [first, ...rest]
}
