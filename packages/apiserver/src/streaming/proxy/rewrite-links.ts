/** Pages behind the proxy name paths of their own server: seen through the proxy these are below it (upstream: apimachinery/pkg/util/proxy). */

import { Transform } from 'node:stream'

/** Which attributes of which elements are addresses. */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['formaction', 'src', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
}

/** What claims to be a longer tag than this passes as it is: nobody makes us keep more. */
const LONGEST_TAG = 64 * 1024

/** HTML in, HTML out, absolute paths moved below `prefix`; other bytes stay as they are. What a chunk cuts is read again with the next. */
export function rewriteLinks(prefix: string): Transform {
  let held = ''
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const { text, rest } = rewritten(held + chunk.toString('latin1'), prefix)
      held = rest
      done(null, Buffer.from(text, 'latin1'))
    },
    flush(done) {
      done(null, Buffer.from(held, 'latin1'))
    },
  })
}

/** Up to the last tag that is whole; `rest` is the beginning of one. */
function rewritten(html: string, prefix: string): { text: string; rest: string } {
  const pieces: string[] = []
  let at = 0
  for (;;) {
    const start = html.indexOf('<', at)
    if (start < 0) return { text: pieces.join('') + html.slice(at), rest: '' }
    pieces.push(html.slice(at, start))
    const end = endOfTag(html, start)
    if (end === undefined && html.length - start <= LONGEST_TAG) return { text: pieces.join(''), rest: html.slice(start) }
    at = end ?? html.length
    pieces.push(end === undefined ? html.slice(start) : rewrittenTag(html.slice(start, end), prefix))
  }
}

/** Where the text after a tag begins; undefined: the tag goes on. Quoted values may hold a `>`. */
function endOfTag(html: string, start: number): number | undefined {
  if (start + 1 === html.length) return undefined
  if (!/[a-z]/i.test(html.charAt(start + 1))) return start + 1
  let quote = ''
  const limit = Math.min(html.length, start + LONGEST_TAG)
  for (let at = start + 1; at < limit; at++) {
    const char = html.charAt(at)
    if (quote !== '') quote = char === quote ? '' : quote
    else if (char === '>') return at + 1
    else if ((char === '"' || char === "'") && /[=\s]/.test(html.charAt(at - 1))) quote = char
  }
  return undefined
}

const ATTRIBUTE = /([^\s"'<>/=]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))/g

function rewrittenTag(tag: string, prefix: string): string {
  const name = /^<([a-z][a-z0-9]*)/i.exec(tag)?.[1]?.toLowerCase() ?? ''
  const addresses = Object.hasOwn(ADDRESSES, name) ? ADDRESSES[name] : undefined
  if (addresses === undefined) return tag
  return tag.replace(ATTRIBUTE, (whole: string, attribute: string, equals: string, double = '', single = '', bare = '') => {
    const value: string = double || single || bare
    if (!addresses.includes(attribute.toLowerCase()) || !isForeign(value, prefix)) return whole
    const quote = single === '' ? '"' : "'"
    return `${attribute}${equals}${quote}${prefix}${value}${quote}`
  })
}

/** An absolute path of the page's own server that isn't below the proxy already. */
function isForeign(address: string, prefix: string): boolean {
  return address.startsWith('/') && !address.startsWith('//') && !address.startsWith(prefix)
}
