import { join } from 'node:path'
import { ensurePrivateDirectory, readIfPresent, writePrivateFile } from '../data-directory/private-file.ts'
import {
  type CertificateAuthority,
  type CertificateUsage,
  createAuthorityFiles,
  openCertificateAuthority,
} from './certificate-authority.ts'
import { newEcKey, newRsaKey, publicKeyInfo } from './key-pair.ts'
import { certificateIsUsable } from './renewal.ts'

export interface KeyAndCertificate {
  readonly certificatePem: string
  readonly keyPem: string
}

export interface MasterCertificates {
  readonly authority: CertificateAuthority
  /** The API server's own. */
  readonly serving: KeyAndCertificate
  /** `system:masters`, for admin.kubeconfig. */
  readonly admin: KeyAndCertificate
  /** What the API server shows to agents for logs, exec and the like. */
  readonly agentClient: KeyAndCertificate
  /** PKCS#8 PEM of the RSA key that signs service-account tokens. */
  readonly serviceAccountKeyPem: string
}

export interface MasterCertificateOptions {
  readonly directory: string
  /** DNS names and addresses by which clients reach the API server. */
  readonly servingNames: readonly string[]
  readonly clock: () => Date
}

/** The identity by which agents know the API server. */
export const AGENT_CLIENT_NAME = 'skiff-master'
export const AGENT_CLIENT_GROUP = 'skiff:masters'

/**
 * Reads the master's keys and certificates, making at first start what is not there, and anew what is close to its end
 * or lacks a name that is asked for now. The authority and the token key are only ever made once.
 */
export async function ensureMasterCertificates(options: MasterCertificateOptions): Promise<MasterCertificates> {
  await ensurePrivateDirectory(options.directory)
  const authority = await ensureAuthority(options)
  const leaf = (request: LeafFile) => ensureLeaf(options, authority, request)
  return {
    authority,
    serving: await leaf({ file: 'apiserver', commonName: 'skiff-apiserver', usages: ['server'], names: options.servingNames }),
    admin: await leaf({ file: 'admin', commonName: 'skiff-admin', organizations: ['system:masters'], usages: ['client'] }),
    agentClient: await leaf({
      file: 'agent-client',
      commonName: AGENT_CLIENT_NAME,
      organizations: [AGENT_CLIENT_GROUP],
      usages: ['client'],
    }),
    serviceAccountKeyPem: await ensureKey(join(options.directory, 'service-accounts.key'), newRsaKey),
  }
}

async function ensureAuthority({ directory, clock }: MasterCertificateOptions): Promise<CertificateAuthority> {
  const certificatePath = join(directory, 'ca.crt')
  const keyPath = join(directory, 'ca.key')
  const certificatePem = await readIfPresent(certificatePath)
  const keyPem = await readIfPresent(keyPath)
  if (certificatePem !== undefined && keyPem !== undefined) return openCertificateAuthority({ certificatePem, keyPem }, clock)
  if (certificatePem !== undefined) {
    throw new Error(
      `${keyPath} is missing but ${certificatePath} is there: put the key back, or remove both to begin a new cluster`,
    )
  }

  // The certificate is written last: a crash in between leaves only a key, which the next start replaces.
  const files = await createAuthorityFiles(clock)
  await writePrivateFile(keyPath, files.keyPem)
  await writePrivateFile(certificatePath, files.certificatePem)
  return openCertificateAuthority(files, clock)
}

interface LeafFile {
  readonly file: string
  readonly commonName: string
  readonly organizations?: readonly string[]
  readonly usages: readonly CertificateUsage[]
  readonly names?: readonly string[]
}

async function ensureLeaf(
  { directory, clock }: MasterCertificateOptions,
  authority: CertificateAuthority,
  leaf: LeafFile,
): Promise<KeyAndCertificate> {
  const certificatePath = join(directory, `${leaf.file}.crt`)
  const keyPem = await ensureKey(join(directory, `${leaf.file}.key`), newEcKey)
  const existing = await readIfPresent(certificatePath)
  const names = leaf.names ?? []
  if (existing !== undefined && isUsable(existing, keyPem, authority, names, clock())) {
    return { certificatePem: existing, keyPem }
  }

  const certificatePem = await authority.issue({
    commonName: leaf.commonName,
    organizations: leaf.organizations ?? [],
    usages: leaf.usages,
    names,
    publicKey: publicKeyInfo(keyPem),
  })
  await writePrivateFile(certificatePath, certificatePem)
  return { certificatePem, keyPem }
}

function isUsable(
  certificatePem: string,
  keyPem: string,
  authority: CertificateAuthority,
  names: readonly string[],
  now: Date,
): boolean {
  return (
    publicKeyInfo(certificatePem).equals(publicKeyInfo(keyPem)) &&
    certificateIsUsable({ certificatePem, authorityPem: authority.certificatePem, names, now })
  )
}

async function ensureKey(path: string, make: () => Promise<string>): Promise<string> {
  const existing = await readIfPresent(path)
  if (existing !== undefined) return existing
  const key = await make()
  await writePrivateFile(path, key)
  return key
}
