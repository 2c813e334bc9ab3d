import { expired } from '@skiff/api'
import { CompactedError, type ListResult } from '@skiff/store'
import type { Answer, Call, ListAnswer } from '../http/call.ts'
import type { ResourceRegistry } from '../registry/resource-registry.ts'
import type { StoredObject } from '../registry/stored-object.ts'
import { ContinueExpiredError, decodeContinue, encodeContinue } from './continue-token.ts'
import { type ListOptions, parseListOptions, requireReached } from './list-options.ts'
import { parseSelection, type Selection } from './selection.ts'

/** How many entries are looked at a time when a selector may leave most of them out. */
const SELECTION_PAGE = 1000

export async function list(call: Call): Promise<Answer> {
  const options = inOnePieceFromCache(call.registry, parseListOptions(call.info.query))
  const selection = parseSelection(call.registry.definition, call.info)
  if (call.registry.mustBeReady) await readyAll(call.registry, call.info.namespace)
  const page = listObjects(call.registry, { namespace: call.info.namespace, options, selection })
  return { type: 'list', status: 200, list: page, resource: call.registry }
}

/**
 * Upstream answers `resourceVersion=0` from its cache, which knows no pages: informers rely on getting all at once, and go on
 * in pages for ever when they don't. Of what expires (Events) it has no cache.
 */
function inOnePieceFromCache({ definition }: ResourceRegistry, options: ListOptions): ListOptions {
  const fromCache = options.resourceVersion === 0 && definition.ttlSeconds === undefined
  return fromCache ? { ...options, limit: 0 } : options
}

/** For kinds whose objects take time to read. */
export async function readyAll(registry: ResourceRegistry, namespace: string): Promise<void> {
  await registry.ready(registry.shared.store.list(registry.prefixOf(namespace)).entries)
}

interface ListRequest {
  readonly namespace: string
  readonly options: ListOptions
  readonly selection: Selection
}

export function listObjects(registry: ResourceRegistry, { namespace, options, selection }: ListRequest): ListAnswer {
  const { store } = registry.shared
  const prefix = registry.prefixOf(namespace)
  if (options.continueToken === '') requireReached(options.resourceVersion, store.revision())
  if (selection.name !== undefined && namespace !== '' && options.match !== 'Exact') {
    return namedObject(registry, { name: selection.name, namespace, selection })
  }
  const start = startOf(options, prefix)
  return options.limit === 0 || selection.everything
    ? onePage(registry, { prefix, options, selection, ...start })
    : selectedPage(registry, { prefix, options, selection, ...start })
}

interface Start {
  /** Undefined: the newest state. */
  readonly revision: number | undefined
  readonly after: string
}

type PageRequest = Start & { readonly prefix: string; readonly options: ListOptions; readonly selection: Selection }

function startOf(options: ListOptions, prefix: string): Start {
  if (options.continueToken !== '') {
    const { revision, after } = decodeContinue(options.continueToken)
    return { revision: revision < 0 ? undefined : revision, after: prefix + after }
  }
  return { revision: options.match === 'Exact' ? options.resourceVersion : undefined, after: '' }
}

function namedObject(registry: ResourceRegistry, request: { name: string; namespace: string; selection: Selection }): ListAnswer {
  const found = registry.find(request)
  const items = found !== undefined && request.selection.matches(found.object) ? [found] : []
  return { items, resourceVersion: String(registry.shared.store.revision()) }
}

function onePage(registry: ResourceRegistry, request: PageRequest): ListAnswer {
  const { options, selection, prefix } = request
  const result = read(registry, request, options.limit)
  const all = result.entries.map((entry) => registry.wrap(entry))
  const items = selection.everything ? all : all.filter((item) => selection.matches(item.object))
  const last = result.entries.at(-1)
  if (result.remaining === 0 || last === undefined) return { items, resourceVersion: String(result.revision) }
  return {
    items,
    resourceVersion: String(result.revision),
    continue: encodeContinue({ revision: result.revision, after: last.key.slice(prefix.length) }),
    remainingItemCount: result.remaining,
  }
}

/** Reads on until the page is full or nothing is left; whether more would match is not known, as upstream. */
function selectedPage(registry: ResourceRegistry, request: PageRequest): ListAnswer {
  const items: StoredObject[] = []
  let { after, revision } = request
  for (;;) {
    const result = read(registry, { ...request, after, revision }, SELECTION_PAGE)
    revision = result.revision
    for (const entry of result.entries) {
      const item = registry.wrap(entry)
      if (!request.selection.matches(item.object)) continue
      items.push(item)
      const more = entry !== result.entries.at(-1) || result.remaining > 0
      if (items.length < request.options.limit || !more) continue
      const token = encodeContinue({ revision, after: entry.key.slice(request.prefix.length) })
      return { items, resourceVersion: String(revision), continue: token }
    }
    after = result.entries.at(-1)?.key ?? after
    if (result.remaining === 0) return { items, resourceVersion: String(revision) }
  }
}

function read(registry: ResourceRegistry, { prefix, after, revision, options }: PageRequest, limit: number): ListResult {
  const snapshot = revision === undefined ? {} : { revision }
  const from = after === '' ? {} : { after }
  try {
    return registry.shared.store.list(prefix, { limit, ...from, ...snapshot })
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error
    if (options.continueToken !== '') throw new ContinueExpiredError(after.slice(prefix.length))
    throw expired('The resourceVersion for the provided list is too old.')
  }
}
