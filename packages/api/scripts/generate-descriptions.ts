/**
 * Gathers the descriptions of the built-in types from kubernetes-models' doc comments into dist/descriptions.json, for
 * `kubectl explain`. Part of the build; the server does without them, and `explain` then shows `<empty>`.
 *
 *     scripts/with-node node packages/api/scripts/generate-descriptions.ts
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtInTypeSchemas, type TypeSchema } from '../src/index.ts'

const require = createRequire(import.meta.url)
const MODELS = dirname(require.resolve('kubernetes-models/package.json'))
const META = join(dirname(require.resolve('@kubernetes-models/apimachinery/package.json')), 'apis/meta/v1')
const OUTPUT = fileURLToPath(new URL('../dist/descriptions.json', import.meta.url))

function writeDescriptions(): void {
  const descriptions = builtInTypeSchemas().flatMap((schema) => {
    const found = descriptionsOf(schema)
    return found === undefined ? [] : [[schema.openApiName, found] as const]
  })
  mkdirSync(dirname(OUTPUT), { recursive: true })
  writeFileSync(OUTPUT, JSON.stringify(Object.fromEntries(descriptions)))
}

/** By field; the type's own under the empty name. */
function descriptionsOf(schema: TypeSchema): Record<string, string> | undefined {
  const file = declarationOf(schema)
  if (!existsSync(file)) return undefined
  const [before = '', after = ''] = readFileSync(file, 'utf8').split(new RegExp(`export interface I${schema.name}\\b.*\\{\n`))
  const found: Record<string, string> = {}
  const own = [...before.matchAll(COMMENT)].at(-1)
  if (own !== undefined && before.trimEnd().endsWith('*/')) found[''] = textOf(own[1])
  const body = after.slice(0, after.indexOf('\n}'))
  for (const [, comment, field] of body.matchAll(COMMENTED_FIELD)) if (field !== undefined) found[field] = textOf(comment)
  return found
}

const COMMENT = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\//g
const COMMENTED_FIELD = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*"([^"]+)"\??:/g

function declarationOf({ group, version, name }: TypeSchema): string {
  return group === 'meta.k8s.io' ? join(META, `${name}.d.ts`) : join(MODELS, group, version, `${name}.d.ts`)
}

function textOf(comment = ''): string {
  return comment.replace(/^[ \t]*\*[ ]?/gm, '').trim()
}

writeDescriptions()
