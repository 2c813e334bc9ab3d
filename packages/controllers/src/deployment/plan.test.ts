import type { Deployment } from '@skiff/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aDeployment } from '../testing/objects.ts'
import { SimulatedReplicaSets } from '../testing/simulated-replica-sets.ts'
import { findNewReplicaSet, planDeployment } from './plan.ts'
import { replicasOf, rollingBounds } from './replica-counts.ts'

/** A Deployment whose spec a test edits, with its ReplicaSets. */
function rollOutOf(start: Deployment) {
  let deployment = start
  const cluster = new SimulatedReplicaSets(() => deployment)
  const view = (oldPodsLeft: boolean) => ({ deployment, replicaSets: cluster.replicaSets, oldPodsLeft })
  return {
    cluster,
    plan: (oldPodsLeft = false) => planDeployment(view(oldPodsLeft)),
    step(oldPodsLeft = false) {
      const steps = planDeployment(view(oldPodsLeft))
      for (const step of steps) cluster.execute(step)
      return steps
    },
    /** Until nothing is left to do, all pods becoming available at once. */
    settle() {
      for (let i = 0; i < 1000; i += 1) {
        cluster.observe()
        const steps = this.step()
        let moved = false
        for (const index of cluster.replicaSets.keys()) while (cluster.makeAvailable(index)) moved = true
        if (steps.length === 0 && !moved) return
      }
      throw new Error('the roll-out does not converge')
    },
    edit(spec: Partial<Deployment['spec']>) {
      deployment = { ...deployment, spec: { ...deployment.spec, ...spec } }
    },
    setImage(image: string) {
      this.edit({ template: { metadata: { labels: { app: 'hello' } }, spec: { containers: [{ name: 'main', image }] } } })
    },
    sizes: (): Record<string, number> =>
      Object.fromEntries(cluster.replicaSets.map((one) => [one.spec.template?.spec?.containers[0]?.image, replicasOf(one)])),
    revision: (image: string) =>
      cluster.replicaSets.find((one) => one.spec.template?.spec?.containers[0]?.image === image)?.metadata.annotations?.[
        'deployment.kubernetes.io/revision'
      ],
  }
}

describe('a first roll-out', () => {
  test('creates one ReplicaSet with hash label, owner, revision 1 and all replicas', () => {
    const [step, ...rest] = rollOutOf(aDeployment()).plan()
    expect(rest).toEqual([])
    expect(step).toMatchObject({
      type: 'create-replica-set',
      replicaSet: {
        metadata: {
          name: expect.stringMatching(/^hello-[a-z0-9]{10}$/),
          annotations: {
            'deployment.kubernetes.io/revision': '1',
            'deployment.kubernetes.io/desired-replicas': '3',
            'deployment.kubernetes.io/max-replicas': '4',
          },
          ownerReferences: [{ kind: 'Deployment', name: 'hello', controller: true, blockOwnerDeletion: true }],
        },
        spec: { replicas: 3 },
      },
    })
    const { labels } = (step?.type === 'create-replica-set' && step.replicaSet.metadata) || {}
    expect(labels).toMatchObject({ app: 'hello', 'pod-template-hash': expect.any(String) })
  })

  test('gives the same name to the same template whatever the order of its fields', () => {
    const one = rollOutOf(
      aDeployment({ spec: { template: { metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [] } } } }),
    ).plan()
    const other = rollOutOf(
      aDeployment({ spec: { template: { spec: { containers: [] }, metadata: { labels: { b: '2', a: '1' } } } } }),
    ).plan()
    expect(nameOf(one)).toBe(nameOf(other))
  })

  test('takes another name after a collision', () => {
    const plain = rollOutOf(aDeployment()).plan()
    const collided = rollOutOf(aDeployment({ status: { collisionCount: 1 } })).plan()
    expect(nameOf(plain)).not.toBe(nameOf(collided))
  })
})

describe('a rolling update', () => {
  test('surges by one of three, then trades old for new as the new become available', () => {
    const rollOut = rollOutOf(aDeployment())
    rollOut.settle()
    rollOut.setImage('hello:2')
    rollOut.step()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 3, 'hello:2': 1 })
    rollOut.cluster.observe()
    rollOut.step() // marks revision
    expect(rollOut.sizes()).toEqual({ 'hello:1': 3, 'hello:2': 1 })
    rollOut.cluster.makeAvailable(1)
    rollOut.cluster.observe()
    rollOut.step()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 2, 'hello:2': 2 })
    rollOut.settle()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 0, 'hello:2': 3 })
    expect(rollOut.revision('hello:2')).toBe('2')
  })

  test('a version that never becomes available does not take the good pods away', () => {
    const rollOut = rollOutOf(aDeployment({ spec: { replicas: 4 } }))
    rollOut.settle()
    rollOut.setImage('hello:broken')
    for (let i = 0; i < 20; i += 1) {
      rollOut.step()
      rollOut.cluster.observe()
    }
    expect(rollOut.sizes()).toEqual({ 'hello:1': 3, 'hello:broken': 2 })
    expect(rollOut.plan()).toEqual([])
  })

  test('removes pods of a broken version before good ones when a third version comes', () => {
    const rollOut = rollOutOf(aDeployment({ spec: { replicas: 4 } }))
    rollOut.settle()
    rollOut.setImage('hello:broken')
    for (let i = 0; i < 5; i += 1) {
      rollOut.step()
      rollOut.cluster.observe()
    }
    rollOut.setImage('hello:3')
    for (let i = 0; i < 5; i += 1) {
      rollOut.step()
      rollOut.cluster.observe()
    }
    expect(rollOut.sizes()).toMatchObject({ 'hello:1': 3, 'hello:broken': 0 })
  })

  test('rolls back to a kept ReplicaSet under a new revision', () => {
    const rollOut = rollOutOf(aDeployment())
    rollOut.settle()
    rollOut.setImage('hello:2')
    rollOut.settle()
    rollOut.setImage('hello:1')
    rollOut.settle()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 3, 'hello:2': 0 })
    expect(rollOut.revision('hello:1')).toBe('3')
    const { annotations } = findNewReplicaSet(aDeployment(), rollOut.cluster.replicaSets)?.metadata ?? {}
    expect(annotations?.['deployment.kubernetes.io/revision-history']).toBe('1')
  })

  test('counts revisions on from one that a number can’t hold exactly', () => {
    const rollOut = rollOutOf(aDeployment())
    rollOut.settle()
    for (const { metadata } of rollOut.cluster.replicaSets)
      metadata.annotations = { ...metadata.annotations, 'deployment.kubernetes.io/revision': '3546343826724305832' }
    rollOut.setImage('hello:2')
    rollOut.settle()
    expect(rollOut.revision('hello:2')).toBe('3546343826724305833')
  })

  test('keeps only as many old ReplicaSets as the history limit says', () => {
    const rollOut = rollOutOf(aDeployment({ spec: { revisionHistoryLimit: 2 } }))
    for (const image of ['hello:1', 'hello:2', 'hello:3', 'hello:4', 'hello:5']) {
      rollOut.setImage(image)
      rollOut.settle()
    }
    expect(rollOut.sizes()).toEqual({ 'hello:3': 0, 'hello:4': 0, 'hello:5': 3 })
  })

  test('never has fewer available than desired - maxUnavailable nor more pods than desired + maxSurge, and converges', () => {
    const bound = fc.oneof(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
    )
    const move = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ type: 'step' as const }) },
      { weight: 4, arbitrary: fc.nat(3).map((index) => ({ type: 'available' as const, index })) },
      { weight: 3, arbitrary: fc.nat(3).map((index) => ({ type: 'observe' as const, index })) },
      { weight: 1, arbitrary: fc.nat(3).map((version) => ({ type: 'image' as const, version })) },
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        bound,
        bound,
        fc.array(move, { maxLength: 80 }),
        (replicas, maxSurge, maxUnavailable, moves) => {
          const rollOut = rollOutOf(
            aDeployment({ spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } } }),
          )
          rollOut.settle()
          const bounds = rollingBounds(
            aDeployment({ spec: { replicas, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } } }),
          )
          for (const one of moves) {
            if (one.type === 'step') rollOut.step()
            else if (one.type === 'available') rollOut.cluster.makeAvailable(one.index)
            else if (one.type === 'observe') rollOut.cluster.observe(one.index)
            else rollOut.setImage(`hello:${one.version}`)
            expect(rollOut.cluster.pods).toBeLessThanOrEqual(replicas + bounds.maxSurge)
            expect(rollOut.cluster.available).toBeGreaterThanOrEqual(replicas - bounds.maxUnavailable)
          }
          rollOut.settle()
          expect(Object.values(rollOut.sizes()).filter((size) => size > 0)).toEqual([replicas])
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('scaling', () => {
  test('in the middle of a roll-out is shared between the versions by their size', () => {
    const rollOut = rollOutOf(
      aDeployment({ spec: { replicas: 10, strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } } }),
    )
    rollOut.settle()
    rollOut.setImage('hello:2')
    for (let i = 0; i < 5; i += 1) {
      rollOut.step()
      rollOut.cluster.observe()
    }
    expect(rollOut.sizes()).toEqual({ 'hello:1': 8, 'hello:2': 5 })
    rollOut.edit({ replicas: 15 })
    rollOut.step()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 11, 'hello:2': 7 }) // upstream's documented example
  })

  test('in the middle of a roll-out that is paused keeps the shares too, up and down', () => {
    const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } }
    const rollOut = rollOutOf(aDeployment({ spec: { replicas: 10, strategy } }))
    rollOut.settle()
    rollOut.setImage('hello:2')
    for (let i = 0; i < 5; i += 1) {
      rollOut.step()
      rollOut.cluster.observe()
    }
    rollOut.edit({ replicas: 30, paused: true })
    rollOut.step()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 20, 'hello:2': 13 }) // as upstream's conformance test has it
    rollOut.edit({ replicas: 10 })
    rollOut.step()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 8, 'hello:2': 5 })
  })

  test('while paused scales but does not roll out', () => {
    const rollOut = rollOutOf(aDeployment())
    rollOut.settle()
    rollOut.edit({ paused: true, replicas: 5 })
    rollOut.setImage('hello:2')
    rollOut.settle()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 5 })
    rollOut.edit({ paused: false })
    rollOut.settle()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 0, 'hello:2': 5 })
  })

  test('to zero and back works', () => {
    const rollOut = rollOutOf(aDeployment())
    rollOut.settle()
    rollOut.edit({ replicas: 0 })
    rollOut.settle()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 0 })
    rollOut.edit({ replicas: 2 })
    rollOut.settle()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 2 })
  })
})

describe('Recreate', () => {
  test('starts nothing new before every old pod is gone', () => {
    const rollOut = rollOutOf(aDeployment({ spec: { strategy: { type: 'Recreate' } } }))
    rollOut.settle()
    rollOut.setImage('hello:2')
    rollOut.step()
    expect(rollOut.sizes()).toEqual({ 'hello:1': 0 })
    rollOut.cluster.observe()
    expect(rollOut.step(true)).toEqual([])
    rollOut.step(false)
    expect(rollOut.sizes()).toEqual({ 'hello:1': 0, 'hello:2': 3 })
  })
})

test('a Deployment that is being deleted is left alone', () => {
  expect(rollOutOf(aDeployment({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })).plan()).toEqual([])
})

function nameOf(steps: ReturnType<typeof planDeployment>): string | undefined {
  const [step] = steps
  return step?.type === 'create-replica-set' ? step.replicaSet.metadata.name : undefined
}
