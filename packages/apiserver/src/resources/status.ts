import { type KindInfo, type KubeObject, schemaOf } from '@skiff/api'
import type { Strategy } from '../registry/resource-definition.ts'
import { fillZeroFields } from './zero-fields.ts'

/** The main path never writes status: an update keeps what is stored. */
export function keepStatus(object: KubeObject, old: KubeObject): void {
  if (old.status === undefined) delete object.status
  else object.status = old.status
}

/** A field that this path does not write. */
export function keepField<T extends object, K extends keyof T>(object: T, old: T, field: K): void {
  if (old[field] === undefined) delete object[field]
  else object[field] = old[field]
}

/** What every kind with a spec and a status does: a client can't create a status, and changes of the spec are counted. */
export function withStatus(info: KindInfo): Pick<Strategy, 'countsGenerations' | 'prepareForCreate' | 'prepareForUpdate'> {
  return { countsGenerations: true, prepareForCreate: (object) => clearStatus(info, object), prepareForUpdate: keepStatus }
}

/** The status as it is before anybody reported one: upstream shows its zeros. */
export function clearStatus({ group, version, kind }: KindInfo, object: KubeObject): void {
  object.status = {}
  const schema = schemaOf(group, version, kind)
  if (schema !== undefined) fillZeroFields(object, schema)
}
