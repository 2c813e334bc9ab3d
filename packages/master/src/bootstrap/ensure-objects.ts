import { isDeepStrictEqual } from 'node:util'
import { isAlreadyExists, type KindInfo, type KubeObject, keyOf, NAMESPACES } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import type { BootstrapObject } from './bootstrap-objects.ts'

/**
 * Creates what is missing and brings back what must be kept; everything else that somebody changed stays. Namespaces come
 * first, the rest at once: what arrives together becomes durable together, and on a machine that has no time a hundred writes,
 * one after the other, take minutes.
 */
export async function ensureObjects(client: ApiClient, objects: readonly BootstrapObject[]): Promise<void> {
  const existing = await existingObjects(client, new Set(objects.map(({ info }) => info)))
  const ensure = (wanted: BootstrapObject) =>
    ensureObject(client, wanted, existing.get(wanted.info)?.get(keyOf(wanted.object as KubeObject)))
  const { namespaces = [], others = [] } = Object.groupBy(objects, ({ info }) => (info === NAMESPACES ? 'namespaces' : 'others'))
  await Promise.all(namespaces.map(ensure))
  await Promise.all(others.map(ensure))
}

async function existingObjects(client: ApiClient, infos: ReadonlySet<KindInfo>): Promise<Map<KindInfo, Map<string, KubeObject>>> {
  const lists = [...infos].map(async (info): Promise<[KindInfo, Map<string, KubeObject>]> => {
    const { items } = await client.list<KubeObject>(info)
    return [info, new Map(items.map((item) => [keyOf(item), item]))]
  })
  return new Map(await Promise.all(lists))
}

async function ensureObject(
  client: ApiClient,
  { info, object, keep }: BootstrapObject,
  existing: KubeObject | undefined,
): Promise<void> {
  if (existing === undefined) {
    await client.create(info, object).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
    return
  }
  const kept = Object.fromEntries(keep.flatMap((field) => keptField(field, object, existing)))
  if (Object.keys(kept).length > 0) await client.update(info, { ...existing, ...kept })
}

/** A field to bring back: one of which the existing object lacks, or says otherwise, something that is wanted. */
function keptField(field: string, wanted: object, existing: KubeObject): [string, unknown][] {
  const value: unknown = Reflect.get(wanted, field)
  const current = existing[field]
  if (value === undefined || contains(current, value)) return []
  return [[field, isPlainObject(value) && isPlainObject(current) ? { ...current, ...value } : value]]
}

/** Whether `current` says all that `wanted` says (the server adds defaults). */
function contains(current: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(current) && current.length === wanted.length && wanted.every((item, index) => contains(current[index], item))
    )
  }
  if (!isPlainObject(wanted)) return isDeepStrictEqual(current, wanted)
  return isPlainObject(current) && Object.entries(wanted).every(([key, value]) => contains(current[key], value))
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
