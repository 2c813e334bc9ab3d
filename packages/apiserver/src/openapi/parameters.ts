/** What a parameter of a path or of a query is. */

const INTEGERS = ['limit', 'timeoutSeconds', 'gracePeriodSeconds']
const BOOLEANS = ['watch', 'allowWatchBookmarks', 'sendInitialEvents', 'orphanDependents', 'force']

export function parameterType(name: string): 'integer' | 'boolean' | 'string' {
  if (INTEGERS.includes(name)) return 'integer'
  return BOOLEANS.includes(name) ? 'boolean' : 'string'
}
