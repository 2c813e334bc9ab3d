import { createHash, createPrivateKey, createPublicKey, generateKeyPair, webcrypto } from 'node:crypto'
import { promisify } from 'node:util'

const generate = promisify(generateKeyPair)

export const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A new ECDSA P-256 private key as PKCS#8 PEM. */
export async function newEcKey(): Promise<string> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** A new RSA private key as PKCS#8 PEM: service-account tokens are signed with RS256, which every JWT library verifies. */
export async function newRsaKey(): Promise<string> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

export async function importEcKey(privateKeyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const pkcs8 = createPrivateKey(privateKeyPem).export({ type: 'pkcs8', format: 'der' })
  const spki = publicKeyInfo(privateKeyPem)
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', pkcs8, ECDSA_P256, true, ['sign']),
    webcrypto.subtle.importKey('spki', spki, ECDSA_P256, true, ['verify']),
  ])
  return { privateKey, publicKey }
}

/** DER SubjectPublicKeyInfo of a certificate's or a private key's public key. */
export function publicKeyInfo(pem: string): Buffer {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' })
}

/** `sha256:<hex>` of the public key, as `kubeadm join --discovery-token-ca-cert-hash` writes it. */
export function publicKeyHash(pem: string): string {
  return `sha256:${createHash('sha256').update(publicKeyInfo(pem)).digest('hex')}`
}
