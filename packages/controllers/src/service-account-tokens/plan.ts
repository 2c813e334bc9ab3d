import type { Secret, ServiceAccount } from '@skiff/api'

export const TOKEN_SECRET_TYPE = 'kubernetes.io/service-account-token'
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid'

export type TokenSecretPlan =
  | { readonly type: 'nothing' }
  /** The account is gone, or another one has its name now: what was given for it must not be used any more. */
  | { readonly type: 'delete' }
  | TokenSecretFill

export interface TokenSecretFill {
  readonly type: 'fill'
  readonly account: ServiceAccount
  readonly needsToken: boolean
  readonly data: Readonly<Record<string, string>>
}

/** What a Secret for a token lacks. `account` is the one that the Secret names, as it is now. */
export function planTokenSecret(secret: Secret, account: ServiceAccount | undefined, caCertificate: string): TokenSecretPlan {
  const { annotations = {}, namespace = '', deletionTimestamp } = secret.metadata
  if (deletionTimestamp !== undefined) return { type: 'nothing' }
  const uid = annotations[ACCOUNT_UID] ?? ''
  if (account === undefined || (uid !== '' && uid !== account.metadata.uid)) return { type: 'delete' }
  const data = { 'ca.crt': base64(caCertificate), namespace: base64(namespace) }
  const isFilled = Object.entries(data).every(([key, value]) => secret.data?.[key] === value)
  const needsToken = (secret.data?.token ?? '') === ''
  return isFilled && !needsToken && uid !== '' ? { type: 'nothing' } : { type: 'fill', account, needsToken, data }
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
