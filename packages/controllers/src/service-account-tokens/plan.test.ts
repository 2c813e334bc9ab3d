import type { Secret, ServiceAccount } from '@skiff/api'
import { expect, test } from 'vitest'
import { metaOf } from '../testing/objects.ts'
import { ACCOUNT_NAME, ACCOUNT_UID, base64, planTokenSecret, TOKEN_SECRET_TYPE } from './plan.ts'

const ACCOUNT: ServiceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metaOf('robot', { namespace: 'default' }) }
const FILLED = { 'ca.crt': base64('CA'), namespace: base64('default'), token: base64('t') }

function secret(data: Record<string, string>, annotations: Record<string, string> = {}): Secret {
  const metadata = metaOf('robot-token', { namespace: 'default', annotations: { [ACCOUNT_NAME]: 'robot', ...annotations } })
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: TOKEN_SECRET_TYPE, data }
}

test('an empty one is filled with everything', () => {
  expect(planTokenSecret(secret({}), ACCOUNT, 'CA')).toEqual({
    type: 'fill',
    account: ACCOUNT,
    needsToken: true,
    data: { 'ca.crt': base64('CA'), namespace: base64('default') },
  })
})

test('a full one is left alone, and keeps its token when the authority is renewed', () => {
  const full = secret(FILLED, { [ACCOUNT_UID]: 'uid-robot' })

  expect(planTokenSecret(full, ACCOUNT, 'CA')).toEqual({ type: 'nothing' })
  expect(planTokenSecret(full, ACCOUNT, 'new CA')).toMatchObject({ type: 'fill', needsToken: false })
})

test('one whose account is gone, or another one now, is deleted', () => {
  expect(planTokenSecret(secret(FILLED), undefined, 'CA')).toEqual({ type: 'delete' })
  expect(planTokenSecret(secret(FILLED, { [ACCOUNT_UID]: 'uid-of-the-first' }), ACCOUNT, 'CA')).toEqual({ type: 'delete' })
})

test('one that is going already is left to go', () => {
  const going = secret({})
  going.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'

  expect(planTokenSecret(going, undefined, 'CA')).toEqual({ type: 'nothing' })
})
