import type { Node, Pod } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { expect, test } from 'vitest'
import { NodeAdmission } from './node-admission.ts'

const METADATA = { name: 'node-1', uid: 'n-1', resourceVersion: '1', creationTimestamp: '' }
const ROOM = { cpu: '4', memory: '1Gi', pods: '110' }

function nodeThatSays(allocatable?: Readonly<Record<string, string>>): Node {
  const status = allocatable === undefined ? {} : { allocatable }
  return { apiVersion: 'v1', kind: 'Node', metadata: METADATA, spec: {}, status } as Node
}

/** `shown`: by the watch; `stored`: what whoever asks the API is told. */
function admissionTo(shown: Node, stored = shown): NodeAdmission {
  const client = { get: async () => stored } as unknown as ApiClient
  const options = { nodeName: 'node-1', node: () => shown, allocatable: ROOM, pods: () => [] }
  return new NodeAdmission({
    ...options,
    client,
    appArmor: () => false,
    pressures: () => new Set(),
    cgroupObstacle: async () => undefined,
  })
}

function podAsking(requests: Readonly<Record<string, string>>): Pod {
  const container = { name: 'c', image: 'app:1', resources: { requests } }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...METADATA, name: 'p', uid: 'p-1' }, spec: { containers: [container] } }
}

test('a pod that comes before the first report of its node is judged by what the node has', async () => {
  const admission = admissionTo(nodeThatSays())
  expect(await admission.rejection(podAsking({ cpu: '1' }), false)).toBeUndefined()
  expect(await admission.rejection(podAsking({ cpu: '5' }), false)).toMatchObject({ reason: 'OutOfcpu' })
})

test('room that is newer than what the agent has seen of its node counts', async () => {
  const admission = admissionTo(
    nodeThatSays({ ...ROOM, 'example.com/thing': '1' }),
    nodeThatSays({ ...ROOM, 'example.com/thing': '2' }),
  )
  expect(await admission.rejection(podAsking({ 'example.com/thing': '2' }), false)).toBeUndefined()
  expect(await admission.rejection(podAsking({ 'example.com/thing': '3' }), false)).toMatchObject({
    reason: 'OutOfexample.com/thing',
  })
})
