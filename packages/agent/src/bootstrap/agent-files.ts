import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFailure } from '@skiff/client'

/** What an agent keeps in its directory, so that it needs its join token only once. */
export interface NodeCredentials {
  readonly server: string
  readonly ca: string
  readonly clientCert: string
  readonly clientKey: string
  readonly servingCert: string
  readonly servingKey: string
}

interface Kept extends NodeCredentials {
  readonly node: string
}

const FILES = {
  server: 'server-url',
  node: 'node-name',
  ca: 'ca.crt',
  clientCert: 'client.crt',
  clientKey: 'client.key',
  servingCert: 'server.crt',
  servingKey: 'server.key',
} as const

export function kubeconfigPath(dataDir: string): string {
  return join(dataDir, 'kubeconfig')
}

export function clusterFactsPath(dataDir: string): string {
  return join(dataDir, 'cluster.json')
}

/** What the agent last knew of the API, for a start while the master is away. */
export function checkpointPath(dataDir: string): string {
  return join(dataDir, 'checkpoint')
}

/** The credentials of this node, or undefined when the host has not joined under this name. */
export async function readCredentials(dataDir: string, node: string): Promise<NodeCredentials | undefined> {
  const names = Object.keys(FILES) as (keyof Kept)[]
  const values = await Promise.all(names.map((name) => readFile(join(dataDir, FILES[name]), 'utf8').catch(() => undefined)))
  if (values.some((value) => value === undefined)) return undefined
  const kept = Object.fromEntries(names.map((name, index) => [name, values[index]])) as unknown as Kept
  return kept.node === node ? kept : undefined
}

/** The name that this host joined under, or tried to. */
export async function keptNodeName(dataDir: string): Promise<string | undefined> {
  return readFile(join(dataDir, FILES.node), 'utf8').catch(() => undefined)
}

export async function writeCredentials(dataDir: string, node: string, credentials: NodeCredentials): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await chmod(dataDir, 0o700)
  const kept: Kept = { ...credentials, node }
  for (const [name, file] of Object.entries(FILES)) {
    const secret = name.endsWith('Key')
    await writePrivate(join(dataDir, file), kept[name as keyof Kept], secret ? 0o600 : 0o644)
  }
  await writePrivate(kubeconfigPath(dataDir), kubeconfig(node, credentials), 0o600)
}

/** What is kept of a cluster that this host no longer belongs to. */
export async function forgetCluster(dataDir: string): Promise<void> {
  await rm(clusterFactsPath(dataDir), { force: true })
  await rm(checkpointPath(dataDir), { recursive: true, force: true })
}

/** Whole or not at all. Throws one clear line. */
export async function writePrivate(path: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.new`
  try {
    await writeFile(temporary, text, { mode })
    await chmod(temporary, mode)
    await rename(temporary, path)
  } catch (error) {
    throw writeFailure(path, error)
  }
}

function kubeconfig(node: string, { server, ca, clientCert, clientKey }: NodeCredentials): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'skiff', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: node, user: { 'client-certificate-data': base64(clientCert), 'client-key-data': base64(clientKey) } }],
    contexts: [{ name: 'skiff', context: { cluster: 'skiff', user: node } }],
    'current-context': 'skiff',
  })
}
