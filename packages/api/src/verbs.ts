const VERBS = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
} as const

/** What RBAC calls a method of HTTP on one object (POST: on its collection); undefined: it has no word for it. */
export function verbOf(method: string): (typeof VERBS)[keyof typeof VERBS] | undefined {
  return Object.hasOwn(VERBS, method) ? VERBS[method as keyof typeof VERBS] : undefined
}
