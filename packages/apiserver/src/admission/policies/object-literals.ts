/**
 * `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add"}` are how policies write objects. The CEL library
 * has no such literals: here they become maps, whose values may be of any type.
 */

type Brace = 'object' | 'other'

interface Open {
  readonly brace: Brace
  /** A field's value has begun in `dyn(`. */
  inValue: boolean
}

const OBJECT_NAME = /(?<![\w.])(?:Object|JSONPatch)(?:\.[A-Za-z_]\w*)*\s*$/
/** Names are looked for only so far back. */
const LONGEST_NAME = 1_024
const FIELD = /^(\s*)(\??)\s*([A-Za-z_]\w*)\s*:/
const STRING = /^(?:[rRbB]{0,2})(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*')/
const COMMENT = /^\/\/[^\n]*/

/** The expression with object literals as maps. */
export function withoutObjectLiterals(expression: string): string {
  const open: Open[] = []
  let written = ''
  let rest = expression
  const take = (length: number) => {
    written += rest.slice(0, length)
    rest = rest.slice(length)
  }
  const beginField = () => {
    const [matched, space = '', optional = '', name = ''] = FIELD.exec(rest) ?? []
    const top = open.at(-1)
    if (matched === undefined || top === undefined) return
    written += `${space}${optional}${JSON.stringify(plainName(name))}: dyn(`
    top.inValue = true
    rest = rest.slice(matched.length)
  }
  const endField = () => {
    const top = open.at(-1)
    if (top?.inValue !== true) return
    written += ')'
    top.inValue = false
  }
  while (rest !== '') {
    const literal = STRING.exec(rest)?.[0] ?? COMMENT.exec(rest)?.[0]
    if (literal !== undefined && !/\w$/.test(written)) {
      take(literal.length)
      continue
    }
    const character = rest[0] ?? ''
    const isField = character === ',' && open.at(-1)?.brace === 'object'
    if (character === '{') {
      const [name = ''] = OBJECT_NAME.exec(written.slice(-LONGEST_NAME)) ?? []
      const brace = name === '' ? 'other' : 'object'
      written = written.slice(0, written.length - name.length)
      open.push({ brace, inValue: false })
      take(1)
      if (brace === 'object') beginField()
    } else if (character === '[' || character === '(') {
      open.push({ brace: 'other', inValue: false })
      take(1)
    } else if (character === '}' || character === ']' || character === ')') {
      endField()
      open.pop()
      take(1)
    } else if (isField) {
      endField()
      take(1)
      beginField()
    } else take(1)
  }
  return written
}

const ESCAPED: Readonly<Record<string, string>> = { __underscores__: '__', __dot__: '.', __dash__: '-', __slash__: '/' }

/** `a__dash__b` is the field `a-b`, `__namespace__` the field `namespace`. */
function plainName(name: string): string {
  const plain = name.replace(/__(?:underscores|dot|dash|slash)__/g, (part) => ESCAPED[part] ?? part)
  return /^__([a-z]+)__$/.exec(plain)?.[1] ?? plain
}
