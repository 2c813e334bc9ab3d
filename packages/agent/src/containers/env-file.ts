import { ConfigError } from './config-error.ts'

const BLANK_OR_COMMENT = /[ \t]*(?:#.*)?(?:\r?\n|$)/y
/** In quotes everything is meant as it stands, also the end of a line. */
const ASSIGNMENT = /[ \t]*([^\s=]+)[ \t]*=[ \t]*(?:'([^']*)'[ \t]*|([^'\r\n]*))(?:\r?\n|$)/y

/** The variables of a file with lines of `NAME='value'` (KEP-3721). Throws ConfigError, naming the line, for anything else. */
export function parseEnvFile(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>()
  let at = 0
  while (at < text.length) {
    const [blank] = matchAt(BLANK_OR_COMMENT, text, at) ?? []
    if (blank !== undefined) {
      at += blank.length
      continue
    }
    const [line, name = '', quoted, plain = ''] = matchAt(ASSIGNMENT, text, at) ?? []
    if (line === undefined) throw new ConfigError(`invalid environment variable format at line ${lineOf(text, at)}`)
    variables.set(name, quoted ?? plain.trimEnd())
    at += line.length
  }
  return variables
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}
