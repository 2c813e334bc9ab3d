/** What a person names on the command line: `pods`, `deploy,svc`, `pod web-1`, `pod/web-1`. */

import { UsageError } from './failure.ts'

export interface ObjectTarget {
  readonly resources: readonly string[]
  readonly name?: string
}

/** Throws for what can't be meant. */
export function objectTarget(resource: string, name: string | undefined): ObjectTarget {
  const [kind = '', inline, ...more] = resource.split('/')
  if (more.length > 0 || inline === '' || kind === '')
    throw new UsageError(`"${resource}" names no object: write KIND NAME or KIND/NAME`)
  if (inline !== undefined && name !== undefined)
    throw new UsageError(`"${resource}" and "${name}" both name an object: give one`)
  const resources = kind.split(',').filter(Boolean)
  const only = name ?? inline
  if (resources.length > 1 && only !== undefined) throw new UsageError('a name goes with one kind, not with several')
  return only === undefined ? { resources } : { resources, name: only }
}

/** As `objectTarget`, where one object is meant. */
export function oneObject(resource: string, name: string | undefined): { readonly resource: string; readonly name: string } {
  const target = objectTarget(resource, name)
  const [only] = target.resources
  if (only === undefined || target.resources.length > 1 || target.name === undefined)
    throw new UsageError(`"${resource}" names no object: write KIND NAME or KIND/NAME`)
  return { resource: only, name: target.name }
}
