import type { Secret } from '@skiff/api'

/** How long a bootstrap token is still good, in milliseconds; Infinity for one without an expiration. An unreadable one is over. */
export function msUntilExpiry(secret: Secret, now: Date): number {
  const encoded = secret.data?.expiration
  if (encoded === undefined) return Number.POSITIVE_INFINITY
  const expires = Date.parse(Buffer.from(encoded, 'base64').toString('utf8'))
  return Number.isNaN(expires) ? 0 : Math.max(0, expires - now.getTime())
}
