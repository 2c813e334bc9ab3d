import type { Node, Service } from '@skiff/api'
import { expect, test } from 'vitest'
import { addressesOfService } from './status.ts'

const METADATA = { name: 'web', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
const READY = [{ type: 'Ready', status: 'True' as const }]

function nodeAt(addresses: readonly { type: string; address: string }[]): Node {
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: METADATA,
    spec: {},
    status: { conditions: READY, addresses },
  } as unknown as Node
}

test('a Service is reached at its own address and at each ready node that has one', () => {
  const spec = { clusterIP: '10.96.0.7', ports: [{ port: 80, nodePort: 30080 }] }
  const service = { kind: 'Service', apiVersion: 'v1', metadata: METADATA, spec } as unknown as Service
  const nodes = [nodeAt([{ type: 'InternalIP', address: '10.0.0.1' }]), nodeAt([{ type: 'Hostname', address: 'new' }])]

  expect(addressesOfService(service, nodes)).toEqual(['http://10.96.0.7/', 'http://10.0.0.1:30080/'])
})
