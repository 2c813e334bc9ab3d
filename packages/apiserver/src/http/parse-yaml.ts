import { ApiError, badRequest } from '@skiff/api'
import { type Document, type ParseOptions, parseAllDocuments, type SchemaOptions, type Tags } from 'yaml'

/** An alias bomb grows by repeating aliases: more than so many are refused. */
const MAX_ALIASES = 100

/** What YAML 1.1 would turn into something that JSON hasn't got. */
const NOT_JSON = new Set(['timestamp', 'binary', 'set', 'omap', 'pairs'])

const OPTIONS: ParseOptions & SchemaOptions & { version: '1.1' } = {
  // as Kubernetes reads it: yes and no are booleans, 0644 is octal, << merges
  version: '1.1',
  prettyErrors: true,
  customTags: (tags: Tags) =>
    tags.filter((tag) => typeof tag === 'string' || !NOT_JSON.has(tag.tag.replace('tag:yaml.org,2002:', ''))),
}

/** The documents of a stream, an empty one as null. Throws BadRequest with the document's number, line and column. */
export function parseYamlDocuments(text: string): unknown[] {
  return readDocuments(text).map((document, index) => toJson(document, `document ${index + 1}: `))
}

/** Exactly one document. */
export function parseYaml(text: string): unknown {
  const documents = readDocuments(text).map((document) => toJson(document, ''))
  const values = documents.filter((value) => value !== null && value !== undefined)
  if (values.length > 1) throw badRequest('expected one YAML document')
  return values[0] ?? null
}

function readDocuments(text: string): Document.Parsed[] {
  const documents = parsing('', () => parseAllDocuments(text, OPTIONS))
  return Array.isArray(documents) ? (documents as Document.Parsed[]) : []
}

function toJson(document: Document.Parsed, where: string): unknown {
  const [error] = document.errors
  if (error !== undefined) throw badRequest(`${where}error converting YAML to JSON: ${firstLine(error.message)}`)
  return parsing(where, () => document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown)
}

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
