/** Of all warnings together: beyond it each is cut, and then no more are sent (k8s.io/apiserver/pkg/endpoints/filters/warning.go). */
const TOTAL_LIMIT = 4096
const CUT_TO = 256

/** Values of `Warning` headers, RFC 7234: code 299, no agent, quoted text. */
export function warningHeaders(warnings: readonly string[]): string[] {
  const total = warnings.reduce((sum, text) => sum + text.length, 0)
  if (total <= TOTAL_LIMIT) return warnings.map(header)
  const sent: string[] = []
  let length = 0
  for (const text of warnings) {
    const cut = text.slice(0, CUT_TO)
    length += cut.length
    if (length > TOTAL_LIMIT) break
    sent.push(header(cut))
  }
  return sent
}

function header(text: string): string {
  return `299 - ${quoted(text)}`
}

function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: headers can't carry them
  const printable = text.replace(/[\u0000-\u001f\u007f-\uffff]/g, ' ')
  return `"${printable.replace(/[\\"]/g, '\\$&')}"`
}
