/** Puts the cluster, user and context `skiff` of one kubeconfig into another and leaves everything else as it is. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse, parseDocument, stringify } from 'yaml'

export const CONTEXT = 'skiff'

interface Kubeconfig {
  'current-context'?: string
  clusters?: { name: string }[]
  users?: { name: string }[]
  contexts?: { name: string }[]
}

export function userKubeconfig(env: NodeJS.ProcessEnv = process.env): string {
  const [first] = (env.KUBECONFIG ?? '').split(':').filter(Boolean)
  return first ?? join(homedir(), '.kube', 'config')
}

/** Makes `skiff` the current context when there was none. Comments in the file are kept. */
export function mergeKubeconfig(adminFile: string, targetFile: string): void {
  const admin = parse(readFileSync(adminFile, 'utf8')) as Kubeconfig
  const text = existsSync(targetFile) ? readFileSync(targetFile, 'utf8') : ''
  const merged = mergedText(text, admin)
  if (merged === text) return
  mkdirSync(dirname(targetFile), { recursive: true, mode: 0o700 })
  writeFileSync(`${targetFile}.skiff`, merged, { mode: 0o600 })
  renameSync(`${targetFile}.skiff`, targetFile)
  chmodSync(targetFile, 0o600)
}

export function mergedText(text: string, admin: Kubeconfig): string {
  if (text.trim() === '') return stringify({ ...renamed(admin), 'current-context': CONTEXT })
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new Error(`the kubeconfig to merge into is not YAML: ${document.errors[0]?.message}`)
  const existing = document.toJS() as Kubeconfig
  const ours = renamed(admin)
  for (const list of ['clusters', 'users', 'contexts'] as const) {
    const others = (existing[list] ?? []).filter((entry) => entry.name !== CONTEXT)
    document.set(list, document.createNode([...others, ...(ours[list] ?? [])]))
  }
  if (!existing['current-context']) document.set('current-context', CONTEXT)
  return document.toString()
}

function renamed(admin: Kubeconfig): Kubeconfig {
  const named = (list: { name: string }[] | undefined) => (list ?? []).slice(0, 1).map((entry) => ({ ...entry, name: CONTEXT }))
  return {
    ...admin,
    clusters: named(admin.clusters),
    users: named(admin.users),
    contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: CONTEXT } } as { name: string }],
  }
}
