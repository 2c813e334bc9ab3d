/** PodDisruptionBudgets: what their controller says of them, and what evictions make of it. */

import { findCondition, NODES, type Node, POD_DISRUPTION_BUDGETS, PODS, type Pod, type PodDisruptionBudget } from '@skiff/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, inDefault, startControlPlane } from '../support/control-plane.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: ControlPlane

beforeAll(async () => {
  cluster = await startControlPlane()
  await cluster.createDeployment()
  await cluster.rolledOut()
})

afterAll(() => cluster[Symbol.asyncDispose]())

test('a budget says how many pods may be evicted', async () => {
  await createBudget({ maxUnavailable: 1 })

  const { status } = await allowed(1)

  expect(status).toMatchObject({ currentHealthy: 3, desiredHealthy: 2, expectedPods: 3, observedGeneration: 1 })
  expect(findCondition(status?.conditions, 'DisruptionAllowed')).toMatchObject({ status: 'True', reason: 'SufficientPods' })
})

test('an eviction takes from the budget; when nothing is left, it is refused and told why', async () => {
  // Nobody makes others in their place.
  const labels = { role: 'alone' }
  const create = (name: string) => {
    const spec = { containers: [{ name: 'c', image: 'x' }] }
    return cluster.client.create<Pod>(PODS, { metadata: { ...inDefault(name), labels }, spec } as object)
  }
  const [first, second] = [await create('one'), await create('two'), await create('three')]
  await createBudget({ minAvailable: 2, selector: { matchLabels: labels } })
  await allowed(1)

  const outcomes = await Promise.allSettled([evict(first), evict(second)])

  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(refused).toHaveLength(1)
  expect(refused[0]?.reason).toMatchObject({
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      causes: [
        { reason: 'DisruptionBudget', message: expect.stringMatching(/^The disruption budget hello needs 2 healthy pods/) },
      ],
    },
  })
  await create('four')
  await allowed(1)
})

test('a dry run takes nothing, and tells all the same', async () => {
  await createBudget({ minAvailable: '90%' })
  await allowed(0)
  const pod = (await cluster.readyPods()).find(({ metadata }) => metadata.labels?.app === 'hello')

  await expect(evict(pod, { dryRun: ['All'] })).rejects.toMatchObject({ code: 429 })
})

test('a pod that serves nobody may go however little is allowed', async () => {
  await createBudget({ maxUnavailable: 0, selector: { matchLabels: { role: 'waiting' } } })
  const nodes = (await cluster.list<Node>(NODES)).map(({ metadata }) => metadata.name)
  const spec = { containers: [{ name: 'c', image: 'x' }], nodeSelector: { 'kubernetes.io/hostname': `not-${nodes[0]}` } }
  const waiting = await cluster.client.create<Pod>(PODS, {
    metadata: { ...inDefault('waiting'), labels: { role: 'waiting' } },
    spec,
  } as object)

  await evict(waiting)

  await cluster.gone(PODS, 'waiting')
})

test('a budget for pods that nobody wants a number of allows nothing', async () => {
  const labels = { role: 'owned' }
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: 'u', controller: true }]
  await createBudget({ maxUnavailable: 1, selector: { matchLabels: labels } })
  const spec = { containers: [{ name: 'c', image: 'x' }], schedulerName: 'nobody' }
  await cluster.client.create(PODS, { metadata: { ...inDefault('owned'), labels, ownerReferences }, spec } as object)

  const { status } = await allowed(0)

  expect(status).toMatchObject({ disruptionsAllowed: 0 })
})

async function createBudget(spec: object): Promise<void> {
  const ref = inDefault('hello')
  await cluster.client.delete(POD_DISRUPTION_BUDGETS, ref).catch(() => undefined)
  await cluster.rolledOut()
  await cluster.client.create(POD_DISRUPTION_BUDGETS, {
    metadata: ref,
    spec: { selector: { matchLabels: { app: 'hello' } }, ...spec },
  } as object)
}

async function allowed(count: number): Promise<PodDisruptionBudget> {
  return await waitFor(`${count} may be evicted`, async () => {
    const budget = await cluster.get<PodDisruptionBudget>(POD_DISRUPTION_BUDGETS, 'hello')
    const { observedGeneration, disruptionsAllowed } = budget.status ?? {}
    if (observedGeneration === budget.metadata.generation && disruptionsAllowed === count) return budget
    throw new Error(JSON.stringify(budget.status))
  })
}

async function evict(pod: Pod | undefined, deleteOptions: object = {}): Promise<void> {
  const { name = '', namespace = '' } = pod?.metadata ?? {}
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions }
  await cluster.client.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, { body: eviction })
}
