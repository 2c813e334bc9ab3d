import { expect, it } from 'vitest'
import { addressOfNode, nodeIsReady } from './index.ts'

const withStatus = (status: string) => ({ status: { conditions: [{ type: 'Ready', status }] } })

it('takes a node for ready only while it says so', () => {
  expect([withStatus('True'), withStatus('Unknown'), { status: {} }, {}].map(nodeIsReady)).toEqual([true, false, false, false])
})

it('finds the address of a node inside the cluster, or outside where that is asked for', () => {
  const addresses = [
    { type: 'Hostname', address: 'a' },
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'InternalIP', address: 'fd00::1' },
    { type: 'ExternalIP', address: '192.0.2.1' },
  ]
  expect(addressOfNode({ status: { addresses } })).toBe('10.0.0.1')
  expect(addressOfNode({ status: { addresses } }, 'ExternalIP')).toBe('192.0.2.1')
})

it('knows no address of a node that has told none', () => {
  expect([addressOfNode({}), addressOfNode({ status: { addresses: [{ type: 'Hostname', address: 'a' }] } })]).toEqual([
    undefined,
    undefined,
  ])
})
