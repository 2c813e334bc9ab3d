import { isInvalid, isNotFound, type KindInfo, type ObjectMeta, ownerReferenceTo } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import type { ClaimPlan } from './claims.ts'

interface Owner {
  readonly metadata: ObjectMeta
}

export interface ClaimOptions {
  readonly client: ApiClient
  readonly owner: Owner
  readonly ownerInfo: KindInfo
  readonly info: KindInfo
}

/** Carries out a claim plan; gives back what is ours after it. */
export async function claimObjects<T extends { readonly metadata: ObjectMeta }>(
  plan: ClaimPlan<T>,
  options: ClaimOptions,
): Promise<T[]> {
  for (const object of plan.release) await release(object.metadata, options)
  if (plan.adopt.length === 0 || !(await ownerStillStands(options))) return [...plan.keep]
  const adopted = await Promise.all(plan.adopt.map((object) => adopt(object, options)))
  return [...plan.keep, ...adopted.filter((object) => object !== undefined)]
}

/** The cache may not know yet that the owner is being deleted, or is another one by now. */
async function ownerStillStands({ client, owner, ownerInfo }: ClaimOptions): Promise<boolean> {
  const { name, namespace = '', uid } = owner.metadata
  try {
    const { metadata } = await client.get<Owner>(ownerInfo, { name, namespace })
    return metadata.uid === uid && !metadata.deletionTimestamp
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

async function adopt<T extends { readonly metadata: ObjectMeta }>(object: T, options: ClaimOptions): Promise<T | undefined> {
  const { client, owner, ownerInfo, info } = options
  const apiVersion = ownerInfo.group === '' ? ownerInfo.version : `${ownerInfo.group}/${ownerInfo.version}`
  const reference = ownerReferenceTo({ apiVersion, kind: ownerInfo.kind, metadata: owner.metadata }, { controller: true })
  return await unlessLost(patchReferences<T>(client, info, object.metadata, [reference]))
}

async function release(metadata: ObjectMeta, { client, owner, info }: ClaimOptions): Promise<void> {
  await unlessLost(patchReferences(client, info, metadata, [{ $patch: 'delete', uid: owner.metadata.uid }]))
}

async function patchReferences<T>(
  client: ApiClient,
  info: KindInfo,
  { name, namespace = '', uid }: ObjectMeta,
  ownerReferences: unknown[],
) {
  return await client.patch<T>(info, { name, namespace }, { type: 'strategic', body: { metadata: { uid, ownerReferences } } })
}

/** Gone (NotFound), or claimed by another controller in the meantime (Invalid): not ours either way. */
async function unlessLost<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write
  } catch (error) {
    if (isNotFound(error) || isInvalid(error)) return undefined
    throw error
  }
}
