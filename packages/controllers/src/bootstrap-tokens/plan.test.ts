import type { Secret } from '@skiff/api'
import { expect, test } from 'vitest'
import { metaOf, NOW } from '../testing/objects.ts'
import { msUntilExpiry } from './plan.ts'

const token = (expiration?: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: metaOf('bootstrap-token-abcdef', { namespace: 'kube-system' }),
  data: expiration === undefined ? {} : { expiration: Buffer.from(expiration).toString('base64') },
})

test('a token is good until its expiration', () => {
  expect(msUntilExpiry(token('2026-01-01T12:00:30Z'), NOW)).toBe(30_000)
  expect(msUntilExpiry(token('2026-01-01T11:00:00Z'), NOW)).toBe(0)
})

test('one without an expiration is good for ever, one that nobody can read not at all', () => {
  expect(msUntilExpiry(token(), NOW)).toBe(Number.POSITIVE_INFINITY)
  expect(msUntilExpiry(token('tomorrow'), NOW)).toBe(0)
})
