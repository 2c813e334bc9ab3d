/** What `kubectl explain` says of types and fields; gathered at build time by scripts/generate-descriptions.ts. */

import { existsSync, readFileSync, statSync } from 'node:fs'

/** By the type's OpenAPI name, then by field; the type's own under the empty name. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The same file from the sources and from dist. */
const FILE = new URL('../../dist/descriptions.json', import.meta.url)

/** Empty when the build left them out. About 1 MB: read when somebody asks, and not kept. */
export function readDescriptions(): Descriptions {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Descriptions) : {}
}

/** Changes with every build that gathers descriptions; '' without them. */
export function descriptionsStamp(): string {
  const found = statSync(FILE, { throwIfNoEntry: false })
  return found === undefined ? '' : `${found.size}-${found.mtimeMs}`
}
