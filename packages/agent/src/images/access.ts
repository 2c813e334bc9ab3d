/** Who may use an image that was fetched with credentials (KEP-2535). Pure. */

import { createHash } from 'node:crypto'
import type { RegistryCredentials } from '../runtime/runtime.ts'
import { registryOf } from './credentials.ts'
import type { ImageAccess } from './pull-records.ts'

/** Equal for the same login, however its registry is written; what was logged in with can't be read from it. */
export function credentialHash({ registry, username, password, identityToken }: RegistryCredentials): string {
  const login = JSON.stringify([registryOf(registry), username, password, identityToken ?? ''])
  return createHash('sha256').update(login).digest('hex')
}

/** Whether a pod of this node may have the image. `access` undefined: it is not of this agent's making, and free. */
export function podMayUse(access: ImageAccess | undefined, credentials: readonly RegistryCredentials[]): boolean {
  if (access === undefined || access.anyone || access.node) return true
  return credentials.some((one) => access.credentials.includes(credentialHash(one)))
}

/** What another node may have that shows these hashes; undefined: not the image. */
export function grantToPeer(access: ImageAccess | undefined, shown: readonly string[]): ImageAccess | undefined {
  if (access === undefined || access.anyone) return { anyone: true, node: false, credentials: [] }
  const known = shown.filter((hash) => access.credentials.includes(hash))
  return known.length === 0 ? undefined : { anyone: false, node: false, credentials: known }
}

/** As a header of an image that one agent gives another: `anyone`, or the hashes that were recognised. */
export function accessHeader({ anyone, credentials }: ImageAccess): string {
  return anyone ? 'anyone' : credentials.join(',')
}

/** The contrary. An agent of a former release says nothing: it knew of no restriction. */
export function parseAccess(header: string): ImageAccess {
  if (header === 'anyone' || header === '') return { anyone: true, node: false, credentials: [] }
  return { anyone: false, node: false, credentials: header.split(',') }
}
