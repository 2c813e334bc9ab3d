import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

type ComposeService = Readonly<Record<string, unknown>>

/** What docker-compose.yml says, for tests that hold it against what runs. */
export function composeServices(): Readonly<Record<string, ComposeService>> {
  const file = join(import.meta.dirname, '..', '..', '..', '..', 'docker-compose.yml')
  return (parse(readFileSync(file, 'utf8')) as { services: Readonly<Record<string, ComposeService>> }).services
}
