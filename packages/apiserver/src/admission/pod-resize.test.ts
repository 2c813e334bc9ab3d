import { NODES, PODS, type Pod, RUNTIME_CLASSES, SERVICE_ACCOUNTS } from '@skiff/api'
import type { Patch } from '@skiff/client'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../testing.ts'
import { fullAdmission } from './testing/full-admission.ts'

const GIB = 2 ** 30

let server: TestApiServer

/** With a node that has two cpus and 4Gi. */
beforeEach(async () => {
  server = await startTestApiServer({ admission: fullAdmission() })
  onTestFinished(() => server.close())
  await server.client.create(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace: 'default' } })
  await server.client.create(NODES, { metadata: { name: 'n' } })
  await setAllocatable({ cpu: '2', memory: '4Gi' })
})

async function setAllocatable(allocatable: object): Promise<void> {
  await server.client.patch(NODES, { name: 'n', subresource: 'status' }, { type: 'merge', body: { status: { allocatable } } })
}

const container = (requests: object, name = 'c') => ({ name, image: 'x', resources: { requests } })
const resizeTo = (requests: object) => ({ spec: { containers: [container(requests)] } })

async function createPod(name: string, spec: object = {}): Promise<Pod> {
  const containers = [container({ cpu: '1', memory: '1Gi' })]
  return await server.client.create<Pod>(PODS, {
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'n', containers, ...spec },
  })
}

async function resize(name: string, body: unknown, type: Patch['type'] = 'strategic'): Promise<Pod> {
  const ref = { namespace: 'default', name, subresource: 'resize' }
  return await server.client.patch<Pod>(PODS, ref, { type, body, ...(type === 'apply' && { fieldManager: 'me', force: true }) })
}

const beyond = (what: string) => ({
  code: 403,
  reason: 'Forbidden',
  message: `pods "p" is forbidden: node didn't have enough allocatable resources: ${what}`,
  details: { kind: 'pods', name: 'p', causes: [{ reason: 'NodeCapacity' }] },
})

test('a pod can have all that its node has, and not more, however it is asked for', async () => {
  const pod = await createPod('p')
  const tooMuch = { cpu: '4', memory: '1Gi' }
  const refusal = beyond('cpu, requested: 4000, allocatable: 2000')
  const applied = { apiVersion: 'v1', kind: 'Pod', ...resizeTo(tooMuch) }
  const { metadata, spec } = pod
  const updated = { metadata, spec: { ...spec, containers: [{ ...spec.containers[0], resources: { requests: tooMuch } }] } }

  await expect(resize('p', resizeTo(tooMuch))).rejects.toMatchObject(refusal)
  await expect(resize('p', applied, 'apply')).rejects.toMatchObject(refusal)
  await expect(server.client.update(PODS, updated, { subresource: 'resize' })).rejects.toMatchObject(refusal)
  await expect(resize('p', resizeTo({ cpu: '2500m', memory: '8Gi' }))).rejects.toMatchObject(
    beyond(`cpu, requested: 2500, allocatable: 2000; memory, requested: ${8 * GIB}, allocatable: ${4 * GIB}`),
  )

  expect(await server.client.get<Pod>(PODS, { namespace: 'default', name: 'p' })).toEqual(pod)
  await expect(resize('p', resizeTo({ cpu: '2', memory: '4Gi' }))).resolves.toMatchObject({ metadata: { generation: 2 } })
})

test('what counts is the whole pod: sidecars, the largest start and overhead', async () => {
  const overhead = { podFixed: { cpu: '100m' } }
  await server.client.create(RUNTIME_CLASSES, { metadata: { name: 'safe' }, handler: 'h', overhead })
  const sidecar = { ...container({ cpu: '500m' }, 'sidecar'), restartPolicy: 'Always' }
  const initContainers = [sidecar, container({ memory: '5Gi' }, 'init')]
  await createPod('p', { runtimeClassName: 'safe', initContainers })

  await expect(resize('p', resizeTo({ cpu: '1500m' }))).rejects.toMatchObject(
    beyond(`cpu, requested: 2100, allocatable: 2000; memory, requested: ${5 * GIB}, allocatable: ${4 * GIB}`),
  )
})

test('resources of a pod itself count instead of its containers’', async () => {
  await createPod('p', { resources: { requests: { cpu: '1500m', memory: '1Gi' } } })

  await expect(resize('p', { spec: { resources: { requests: { cpu: '3' } } } })).rejects.toMatchObject(
    beyond('cpu, requested: 3000, allocatable: 2000'),
  )
  await expect(resize('p', { spec: { resources: { requests: { cpu: '2' } } } })).resolves.toBeDefined()
})

test('a pod that its node became too small for may ask for less only as far as it fits', async () => {
  await createPod('p', { containers: [container({ cpu: '2', memory: '1Gi' })] })
  await setAllocatable({ cpu: '1' })

  await expect(resize('p', resizeTo({ cpu: '2' }))).resolves.toMatchObject({ metadata: { generation: 1 } })
  await expect(resize('p', resizeTo({ cpu: '1500m' }))).rejects.toMatchObject(beyond('cpu, requested: 1500, allocatable: 1000'))
  await expect(resize('p', resizeTo({ memory: '2Gi' }))).rejects.toMatchObject(beyond('cpu, requested: 2000, allocatable: 1000'))
  await expect(resize('p', resizeTo({ cpu: '1' }))).resolves.toMatchObject({ metadata: { generation: 2 } })
})

test('without a node any size may be asked for, and none with one that is gone', async () => {
  await createPod('unbound', { nodeName: '' })
  await createPod('orphan', { nodeName: 'gone' })

  await expect(resize('unbound', resizeTo({ cpu: '100' }))).resolves.toMatchObject({ metadata: { generation: 2 } })
  await expect(resize('orphan', resizeTo({ cpu: '500m' }))).rejects.toMatchObject({
    reason: 'Forbidden',
    message: 'pods "orphan" is forbidden: node "gone" not found',
  })
})

test('limits beyond the node are no matter of its capacity', async () => {
  await createPod('p', {
    containers: [{ ...container({ cpu: '1' }), resources: { requests: { cpu: '1' }, limits: { cpu: '1' } } }],
  })

  const resources = { limits: { cpu: '8' } }
  await expect(resize('p', { spec: { containers: [{ name: 'c', resources }] } })).resolves.toMatchObject({
    spec: { containers: [{ resources: { requests: { cpu: '1' }, limits: { cpu: '8' } } }] },
  })
})
