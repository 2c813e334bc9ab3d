import { ApiError, badRequest, parseJson } from '@skiff/api'
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParseOptions,
  parseAllDocuments,
  type SchemaOptions,
  type Tags,
  visit,
  type YAMLMap,
} from 'yaml'

/** An alias bomb grows by repeating aliases: more than so many are refused. */
const MAX_ALIASES = 100

/** What YAML 1.1 would turn into something that JSON hasn't got. */
const NOT_JSON = new Set(['timestamp', 'binary', 'set', 'omap', 'pairs'])

const OPTIONS: ParseOptions & SchemaOptions & { version: '1.1' } = {
  // As Kubernetes reads it: yes and no are booleans, 0644 is octal, << merges.
  version: '1.1',
  prettyErrors: true,
  // The library compares each key with each: checked below, in one pass.
  uniqueKeys: false,
  customTags: (tags: Tags) =>
    tags.filter((tag) => typeof tag === 'string' || !NOT_JSON.has(tag.tag.replace('tag:yaml.org,2002:', ''))),
}

/** The documents of a stream, an empty one as null. Throws BadRequest with the document's number, line and column. */
export function parseYamlDocuments(text: string): unknown[] {
  const json = jsonIn(text)
  return json === undefined ? yamlDocuments(text) : [json]
}

function yamlDocuments(text: string): unknown[] {
  return readDocuments(text).map((document, index) => toJson(document, `document ${index + 1}: `))
}

/** Exactly one document. */
export function parseYaml(text: string): unknown {
  const json = jsonIn(text)
  if (json !== undefined) return json
  const documents = readDocuments(text).map((document) => toJson(document, ''))
  const values = documents.filter((value) => value !== null && value !== undefined)
  if (values.length > 1) throw badRequest('expected one YAML document')
  return values[0] ?? null
}

/** JSON is YAML as well, and most of what claims to be YAML; its own parser is a hundred times faster. Undefined: it isn't JSON. */
function jsonIn(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined
  try {
    const { value, duplicates } = parseJson(text, { findDuplicates: true })
    return duplicates.length === 0 ? value : undefined
  } catch {
    return undefined
  }
}

interface ReadDocument {
  readonly document: Document.Parsed
  readonly lines: LineCounter
}

function readDocuments(text: string): ReadDocument[] {
  const lines = new LineCounter()
  const documents = parsing('', () => parseAllDocuments(text, { ...OPTIONS, lineCounter: lines }))
  return Array.isArray(documents) ? (documents as Document.Parsed[]).map((document) => ({ document, lines })) : []
}

function toJson({ document, lines }: ReadDocument, where: string): unknown {
  const [error] = document.errors
  if (error !== undefined) throw badRequest(`${where}error converting YAML to JSON: ${firstLine(error.message)}`)
  const problem = parsing(where, () => keyProblem(document))
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.place)
    const said =
      problem.repeated === undefined ? `${problem.why} at line ${line}, column ${col}` : repeatedKey(line, problem.repeated)
    throw badRequest(`${where}error converting YAML to JSON: ${said}`)
  }
  return parsing(where, () => document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown)
}

/** In the words of Go's YAML. */
function repeatedKey(line: number, key: string): string {
  return `yaml: unmarshal errors:\n  line ${line}: key ${JSON.stringify(key)} already set in map`
}

interface KeyProblem {
  readonly why: string
  readonly place: number
  readonly repeated?: string
}

/** The first map with a key that it has already, or that JSON can't have. */
function keyProblem(document: Document.Parsed): KeyProblem | undefined {
  let problem: KeyProblem | undefined
  visit(document, {
    Map(_, map) {
      problem = problemIn(map)
      return problem === undefined ? undefined : visit.BREAK
    },
  })
  return problem
}

function problemIn(map: YAMLMap): KeyProblem | undefined {
  const keys = new Set<unknown>()
  for (const { key } of map.items) {
    if (isMap(key) || isSeq(key)) return { why: 'Map keys must be scalars', place: key.range?.[0] ?? 0 }
    if (!isScalar(key) || key.value === MERGE_KEY) continue
    if (keys.has(key.value)) {
      return { why: 'Map keys must be unique', place: key.range?.[0] ?? 0, repeated: String(key.value) }
    }
    keys.add(key.value)
  }
  return undefined
}

const MERGE_KEY = '<<'

function parsing<T>(where: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ApiError) throw error
    const why = error instanceof RangeError ? 'nested too deeply' : error instanceof Error ? firstLine(error.message) : 'not YAML'
    throw badRequest(`${where}error converting YAML to JSON: ${why}`)
  }
}

function firstLine(message: string): string {
  return message.split('\n')[0]?.replace(/:$/, '') ?? ''
}
