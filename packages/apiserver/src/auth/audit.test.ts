import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { AccessAttributes } from '../http/request-context.ts'
import { auditedAuthorizer } from './audit.ts'
import { NO_ATTRIBUTES } from './no-attributes.ts'
import { SOCKET_OWNER } from './users.ts'

const EVE = { name: 'eve', groups: ['dev'] }
const pods = (verb: string, more: Partial<AccessAttributes> = {}) => ({
  ...NO_ATTRIBUTES,
  isResource: true,
  resource: 'pods',
  verb,
  ...more,
})

async function logged(allowed: boolean, attributes: AccessAttributes, user = EVE): Promise<Record<string, unknown>[]> {
  const lines: string[] = []
  const logger = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(line) })
  await auditedAuthorizer({ authorize: () => ({ allowed, reason: '' }) }, logger).authorize(user, attributes)
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('a write, a stream and a refusal leave one line each', async () => {
  expect(await logged(true, pods('delete', { namespace: 'default', name: 'web' }))).toEqual([
    expect.objectContaining({ user: 'eve', verb: 'delete', resource: 'pods', namespace: 'default', name: 'web', allowed: true }),
  ])
  expect(await logged(true, pods('get', { subresource: 'exec' }))).toHaveLength(1)
  expect(await logged(false, pods('list'))).toEqual([expect.objectContaining({ verb: 'list', allowed: false })])
  expect(await logged(false, { ...NO_ATTRIBUTES, verb: 'get', path: '/metrics' })).toEqual([
    expect.objectContaining({ path: '/metrics', allowed: false }),
  ])
})

test('reads, heartbeats and the master’s own writes leave none', async () => {
  expect(await logged(true, pods('list'))).toEqual([])
  expect(await logged(true, pods('update', { resource: 'leases' }))).toEqual([])
  expect(await logged(true, pods('patch', { subresource: 'status' }))).toEqual([])
  expect(await logged(true, pods('create'), { ...SOCKET_OWNER, groups: [] })).toEqual([])
})
