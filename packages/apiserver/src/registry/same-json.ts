/** As `sameJson`, of two objects without some of their fields. */
export function sameFieldsBut(ignored: ReadonlySet<string>, a: object, b: object): boolean {
  return sameRecord(a as Record<string, unknown>, b as Record<string, unknown>, ignored)
}

/** Whether two values would be the same JSON, the order of keys aside: undefined fields and prototypes don't count. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return sameArray(a, b)
  return sameRecord(a as Record<string, unknown>, b as Record<string, unknown>)
}

function sameArray(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((item, index) => sameJson(item, b[index]))
}

function sameRecord(a: Record<string, unknown>, b: Record<string, unknown>, ignored: ReadonlySet<string> = NONE): boolean {
  let more = 0
  for (const key of Object.keys(a)) {
    if (a[key] === undefined || ignored.has(key)) continue
    if (!Object.hasOwn(b, key) || !sameJson(a[key], b[key])) return false
    more += 1
  }
  for (const key of Object.keys(b)) if (b[key] !== undefined && !ignored.has(key)) more -= 1
  return more === 0
}

const NONE: ReadonlySet<string> = new Set()
