import { setTimeout as delay } from 'node:timers/promises'
import {
  BOUND_BY_CONTROLLER,
  claimIsBound,
  isNotFound,
  keyOf,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  SELECTED_NODE,
} from '@skiff/api'
import type { ApiClient, Informer } from '@skiff/client'
import type { VolumeChoice } from './pod-volumes.ts'

export interface BindVolumesOptions {
  readonly client: ApiClient
  readonly claims: Informer<PersistentVolumeClaim>
  readonly node: string
  readonly signal: AbortSignal
}

/** A provisioner of others may take its time (upstream: 10 minutes); then the pod is scheduled anew. */
const BIND_TIMEOUT_MS = 10 * 60_000

/** The claims did not get their volumes on the chosen node. */
export class VolumeBindError extends Error {
  override name = 'VolumeBindError'
}

/** Tells the binder and the provisioners what was chosen, and waits until every claim is bound. Throws VolumeBindError. */
export async function bindVolumes(choices: readonly VolumeChoice[], options: BindVolumesOptions): Promise<void> {
  const written = await Promise.all(choices.map((choice) => writeChoice(choice, options).catch(unlessGone(choice))))
  await Promise.all(written.map((claim) => untilBound(claim, options)))
}

/** What was chosen is gone: the pod itself still wants a node. */
function unlessGone({ claim, volume }: VolumeChoice): (error: unknown) => never {
  return (error) => {
    if (!isNotFound(error)) throw error
    const what = volume ? `volume "${volume.metadata.name}"` : `claim "${claim.metadata.name}"`
    throw new VolumeBindError(`${what} was deleted`, { cause: error })
  }
}

/** Gives the claim as it is after that. */
async function writeChoice(
  { claim, volume }: VolumeChoice,
  { client, node }: BindVolumesOptions,
): Promise<PersistentVolumeClaim> {
  if (volume) {
    await reserve(client, claim, volume)
    return claim
  }
  const { name, namespace = '', resourceVersion, annotations } = claim.metadata
  if (annotations?.[SELECTED_NODE] === node) return claim
  const body = { metadata: { resourceVersion, annotations: { [SELECTED_NODE]: node } } }
  return await client.patch<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { type: 'merge', body })
}

async function reserve(client: ApiClient, claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
  const { namespace, name, uid } = claim.metadata
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid }
  const { resourceVersion } = volume.metadata
  const body = { metadata: { resourceVersion, annotations: { [BOUND_BY_CONTROLLER]: 'yes' } }, spec: { claimRef } }
  await client.patch(PERSISTENT_VOLUMES, { name: volume.metadata.name }, { type: 'merge', body })
}

async function untilBound(
  written: PersistentVolumeClaim,
  { claims, signal }: Pick<BindVolumesOptions, 'claims' | 'signal'>,
): Promise<void> {
  const key = keyOf(written)
  const bound = Promise.withResolvers<void>()
  const look = (claim: PersistentVolumeClaim | undefined) => {
    const verdict = judge(claim, written)
    if (verdict === 'bound') bound.resolve()
    else if (verdict !== 'waiting') bound.reject(new VolumeBindError(verdict))
  }
  const end = new AbortController()
  const late = delay(BIND_TIMEOUT_MS, undefined, { signal: AbortSignal.any([signal, end.signal]), ref: false }).then(() => {
    throw new VolumeBindError(`timed out waiting for claim "${written.metadata.name}" to be bound`)
  })
  const stop = claims.onChange((change) => {
    if (change.key === key) look(change.type === 'deleted' ? undefined : change.object)
  })
  await Promise.race([bound.promise, late]).finally(() => {
    stop()
    end.abort()
    late.catch(() => undefined)
  })
}

/** @returns `bound`, `waiting`, or what went wrong */
function judge(claim: PersistentVolumeClaim | undefined, written: PersistentVolumeClaim): string {
  const { name, uid, resourceVersion, annotations: wanted } = written.metadata
  if (claim === undefined || claim.metadata.uid !== uid) return `claim "${name}" was deleted`
  if (claimIsBound(claim)) return 'bound'
  if (Number(claim.metadata.resourceVersion) < Number(resourceVersion)) return 'waiting'
  // The provisioner took it away: it can't serve the claim on that node.
  const refused = wanted?.[SELECTED_NODE] !== undefined && claim.metadata.annotations?.[SELECTED_NODE] === undefined
  return refused ? `provisioning failed for PVC "${name}"` : 'waiting'
}
