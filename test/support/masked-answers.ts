/** What of an API server's answers can't be the same twice: ids, revisions, times, addresses and generated names. */

type Json = Record<string, unknown>

const MASKED: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'lastTransitionTime',
  'lastUpdateTime',
  'firstTimestamp',
  'lastTimestamp',
  'expirationTimestamp',
  'continue',
  'time',
  'token',
  'nodePort',
  'healthCheckNodePort',
  'ca.crt',
  'serverAddress',
  'buildDate',
])
/** Descriptions are upstream's prose; selfLink is gone since 1.24; the singular is named since 1.27. */
const LEFT_OUT: ReadonlySet<string> = new Set(['description', 'selfLink', 'singularName'])

export function maskedAnswer(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskedAnswer).sort(byName)
  if (typeof value === 'string') return maskedText(value)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => !LEFT_OUT.has(key))
  return Object.fromEntries(entries.map(([key, inner]) => [key, maskedField(key, inner)]))
}

function maskedField(key: string, value: unknown): unknown {
  const isMasked = MASKED.has(key) && (typeof value === 'string' || typeof value === 'number')
  return isMasked ? '(masked)' : maskedAnswer(value)
}

const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '(time)'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '(uid)'],
  // A controller whose first word came too late (a conflict) says that it has found what it has made.
  [/^Found new replica set /, 'Created new replica set '],
  [/^FoundNewReplicaSet$/, 'NewReplicaSetCreated'],
  [/-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-(random)-(random)'],
  [/-[bcdfghjklmnpqrstvwxz2456789]{5,10}(?=[-"'. ]|$)/g, '-(random)'],
  [/^[bcdfghjklmnpqrstvwxz2456789]{8,10}$/g, '(random)'],
  [/\.[0-9a-f]{16}\b/g, '.(random)'],
  [/:3\d{4}\/(TCP|UDP)/g, ':(port)/$1'],
  [/current: \d+/, 'current: (revision)'],
  [/resourceVersion: "\d+"/, 'resourceVersion: (revision)'],
  // Ours quotes a lonely dot in YAML.
  [/"\.": /g, '.: '],
  [/^\d+(s|m|m\d+s)$/, '(age)'],
  [/\b(10\.96|198\.18)\.\d+\.\d+\b/g, '(address)'],
]

function maskedText(text: string): string {
  return TEXTS.reduce((masking, [pattern, name]) => masking.replace(pattern, name), text)
}

/** Lists from the watch cache, initial events, conditions, conflicts and managers of one second come in any order there. */
function byName(a: unknown, b: unknown): number {
  const [left, right] = [sortName(a), sortName(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

function sortName(value: unknown): string {
  const item = (value ?? {}) as Readonly<Record<string, unknown>>
  if (item.type === 'ADDED') return nameOf(item.object)
  if (item.fieldsV1 !== undefined) return `${item.manager}`
  if (item.lastTransitionTime !== undefined) return `${item.type}`
  if (item.reason === 'FieldManagerConflict') return `${item.field}`
  return nameOf(value)
}

function nameOf(value: unknown): string {
  return (value as { metadata?: { name?: string } } | null)?.metadata?.name ?? ''
}

/** Calls back with every object inside the value, the value itself included, from the outside in. */
export function forEachObject(value: unknown, visit: (object: Json) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) visit(value as Json)
  for (const inner of Object.values(value)) forEachObject(inner, visit)
}

/** The same value with the fields of its objects in one order. */
export function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedKeys(inner)]))
}
