/** Puts the cluster, user and context `skiff` of one kubeconfig into another and leaves everything else as it is. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeFailure } from '@skiff/client'
import { type Document, isMap, isSeq, parse, parseDocument, stringify } from 'yaml'
import { removeIfEmpty } from './remove-if-empty.ts'

export const CONTEXT = 'skiff'

interface Kubeconfig {
  'current-context'?: string
  clusters?: { name: string; cluster?: unknown }[]
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
  writePrivate(targetFile, merged)
}

/**
 * Takes it out again, if it is this cluster's and not one of the same name; a file or folder that is empty then is removed.
 * True when something was taken out.
 */
export function unmergeKubeconfig(adminFile: string, targetFile: string): boolean {
  if (!existsSync(adminFile) || !existsSync(targetFile)) return false
  const text = readFileSync(targetFile, 'utf8')
  const rest = unmergedText(text, parse(readFileSync(adminFile, 'utf8')) as Kubeconfig)
  if (rest === text) return false
  if (rest !== '') writePrivate(targetFile, rest)
  else {
    rmSync(targetFile)
    removeIfEmpty(dirname(targetFile))
  }
  return true
}

function writePrivate(file: string, text: string): void {
  try {
    writeFileSync(`${file}.skiff`, text, { mode: 0o600 })
    renameSync(`${file}.skiff`, file)
    chmodSync(file, 0o600)
  } catch (error) {
    rmSync(`${file}.skiff`, { force: true })
    throw writeFailure(file, error)
  }
}

export function mergedText(text: string, admin: Kubeconfig): string {
  if (text.trim() === '') return stringify({ ...renamed(admin), 'current-context': CONTEXT })
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new Error(`the kubeconfig to merge into is not YAML: ${document.errors[0]?.message}`)
  const existing = document.toJS() as Kubeconfig
  const ours = renamed(admin)
  for (const list of ['clusters', 'users', 'contexts'] as const) {
    removeEntry(document, list)
    const entries = document.get(list)
    const nodes = (ours[list] ?? []).map((entry) => document.createNode(entry))
    if (isSeq(entries)) entries.items.push(...nodes)
    else document.set(list, document.createNode(ours[list] ?? []))
  }
  if (!existing['current-context']) document.set('current-context', CONTEXT)
  return document.toString()
}

/** The file without this cluster; '' when nothing is left in it. */
export function unmergedText(text: string, admin: Kubeconfig): string {
  const document = parseDocument(text)
  if (document.errors.length > 0) return text
  const existing = (document.toJS() ?? {}) as Kubeconfig
  const cluster = existing.clusters?.find(({ name }) => name === CONTEXT)
  if (cluster === undefined || authorityOf(cluster) !== authorityOf(admin.clusters?.[0])) return text
  let left = 0
  for (const list of ['clusters', 'users', 'contexts'] as const) {
    const others = (existing[list] ?? []).filter(({ name }) => name !== CONTEXT)
    left += others.length
    removeEntry(document, list)
  }
  if (existing['current-context'] === CONTEXT) document.delete('current-context')
  return left === 0 ? '' : document.toString()
}

/** Takes ours out of a list; entries of others keep their form. */
function removeEntry(document: Document, list: string): void {
  const entries = document.get(list)
  if (isSeq(entries)) entries.items = entries.items.filter((entry) => !isMap(entry) || entry.get('name') !== CONTEXT)
}

function authorityOf(entry: { readonly cluster?: unknown } | undefined): string | undefined {
  return (entry?.cluster as { 'certificate-authority-data'?: string } | undefined)?.['certificate-authority-data']
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
