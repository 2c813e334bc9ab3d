import type { Container, Pod } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { containerLimits } from '../containers/resources.ts'
import type { ContainerState, PodContainers, SandboxState } from '../runtime/runtime.ts'
import { CONTAINER_HASH, containerHash, POD_IP, RESTART_BACK_OFF, ROUND } from './labels.ts'
import { planOrphan } from './plan-end.ts'
import { planPod } from './plan-pod.ts'
import { MutablePodMemory } from './pod-memory.ts'
import type { PodStep } from './pod-plan.ts'

const REF = { namespace: 'default', name: 'web', uid: 'u-1' }
const START = Date.parse('2026-01-01T00:00:00Z')
const C: Container = { name: 'c', image: 'app:1' }

function podWith(spec: object = {}, metadata: object = {}, status: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...REF, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: { containers: [C], ...spec },
    status,
  }
}

function sandbox(changes: Partial<SandboxState> = {}): SandboxState {
  return {
    id: 's0',
    pod: REF,
    attempt: 0,
    phase: 'running',
    labels: { [POD_IP]: '10.244.1.2' },
    pid: 7,
    createdAt: new Date(START),
    ...changes,
  }
}

function container(changes: Partial<ContainerState> = {}): ContainerState {
  const time = new Date(START)
  const labels = { [CONTAINER_HASH]: containerHash({ name: changes.name ?? 'c', image: 'app:1' }) }
  return {
    ...{ id: 'c0', pod: REF, name: 'c', attempt: 0, sandboxId: 's0', phase: 'running', labels, pid: 9, image: '', imageId: '' },
    ...{ createdAt: time, startedAt: time, logPath: '', tty: false, limits: containerLimits(C, podWith()) },
    ...changes,
  }
}

function ended(changes: Partial<ContainerState> = {}): ContainerState {
  return container({ phase: 'exited', pid: 0, exitCode: 1, finishedAt: new Date(START + 1000), ...changes })
}

function observedOf(...containers: ContainerState[]): PodContainers {
  return { pod: REF, sandboxes: [sandbox()], containers }
}

/** A pod whose volumes and network stand. */
function readyMemory(): MutablePodMemory {
  const memory = new MutablePodMemory()
  memory.volumesMounted = true
  memory.plumbedSandbox = 's0'
  return memory
}

function plan(pod: Pod, observed: PodContainers, { memory = readyMemory(), now = START + 2000, steady = 0 } = {}) {
  return planPod({ pod, observed, memory, now, steady })
}

const typesOf = (steps: readonly PodStep[]) => steps.map(({ type }) => type)
const NOTHING: PodContainers = { pod: REF, sandboxes: [], containers: [] }

test('begins with volumes and a sandbox', () => {
  const { steps } = plan(podWith(), NOTHING, { memory: new MutablePodMemory() })
  expect(steps).toEqual([{ type: 'start-sandbox', attempt: 0, mountVolumes: true, prepare: podWith().spec.containers }])
})

test('prepares what joins the sandbox first: its first init container, and nothing of a pod that has run', () => {
  const preparedOf = (pod: Pod, observed: PodContainers) =>
    plan(pod, observed).steps.flatMap((step) => (step.type === 'start-sandbox' ? step.prepare.map(({ name }) => name) : []))
  const init = ['first', 'second'].map((name) => ({ name, image: 'app:1' }))

  expect(preparedOf(podWith({ initContainers: init }), NOTHING)).toEqual(['first'])
  expect(preparedOf(podWith(), { ...NOTHING, containers: [ended()] })).toEqual([])
})

test('gives a running sandbox its address before any container starts', () => {
  const memory = readyMemory()
  delete memory.plumbedSandbox
  const { steps } = plan(podWith(), observedOf(), { memory })
  expect(steps).toEqual([{ type: 'plumb', sandboxId: 's0', pid: 7, ip: '10.244.1.2' }])
})

test('leaves the network of a pod on the host alone', () => {
  const memory = readyMemory()
  delete memory.plumbedSandbox
  expect(typesOf(plan(podWith({ hostNetwork: true }), observedOf(), { memory }).steps)).toEqual(['start-container'])
})

test('starts all containers of a pod without init containers', () => {
  const { steps } = plan(podWith({ containers: [C, { ...C, name: 'd' }] }), observedOf())
  expect(steps).toMatchObject([
    { type: 'start-container', container: { name: 'c' }, attempt: 0, backOffSeconds: 0 },
    { type: 'start-container', container: { name: 'd' } },
  ])
})

test('does nothing for a pod that runs as it should', () => {
  expect(plan(podWith(), observedOf(container()))).toEqual({ steps: [], backingOff: [] })
})

test('restarts a container that ended for the first time at once', () => {
  const { steps } = plan(podWith(), observedOf(ended()))
  expect(steps).toMatchObject([{ type: 'start-container', attempt: 1, backOffSeconds: 10 }])
})

test('waits 10 s before the second restart and doubles the wait for the next', () => {
  const second = ended({ attempt: 1, labels: { [RESTART_BACK_OFF]: '10' } })
  const waiting = plan(podWith(), observedOf(second))
  expect(waiting).toMatchObject({
    steps: [],
    wakeAt: START + 11_000,
    backingOff: [{ type: 'restart', container: 'c', delaySeconds: 10 }],
  })
  const { steps } = plan(podWith(), observedOf(second), { now: START + 11_000 })
  expect(steps).toMatchObject([{ type: 'start-container', attempt: 2, backOffSeconds: 20 }])
})

test('a clock that is set changes nothing for a container that waits already, and never makes one wait longer', () => {
  const second = ended({ attempt: 1, labels: { [RESTART_BACK_OFF]: '10' } })
  const hourBack = START - 3_600_000
  expect(plan(podWith(), observedOf(second), { now: hourBack }).wakeAt).toBe(hourBack + 10_000)

  const memory = readyMemory()
  memory.waits(second.id, 10_000)
  memory.waits(second.id, 99_000)
  const hourAhead = { memory, now: START + 3_600_000 }
  expect(plan(podWith(), observedOf(second), { ...hourAhead, steady: 4_000 }).wakeAt).toBe(hourAhead.now + 6_000)
  const { steps } = plan(podWith(), observedOf(second), { memory, now: hourBack, steady: 10_000 })
  expect(steps).toMatchObject([{ type: 'start-container', attempt: 2 }])
})

test('waits at most 300 s, and starts over after ten good minutes', () => {
  const long = ended({ labels: { [RESTART_BACK_OFF]: '300' } })
  expect(plan(podWith(), observedOf(long), { now: START + 301_000 }).steps).toMatchObject([{ backOffSeconds: 300 }])
  const healthy = ended({ labels: { [RESTART_BACK_OFF]: '300' }, finishedAt: new Date(START + 600_000) })
  expect(plan(podWith(), observedOf(healthy), { now: START + 600_000 }).steps).toMatchObject([{ backOffSeconds: 10 }])
})

test('restarts by the pod’s policy', () => {
  const app = (policy: string, exitCode: number) => {
    const pod = podWith({ restartPolicy: policy, containers: [C, { ...C, name: 'd' }] })
    return typesOf(plan(pod, observedOf(ended({ exitCode }), container({ id: 'd0', name: 'd' }))).steps)
  }
  expect([app('Always', 0), app('OnFailure', 0), app('OnFailure', 1), app('Never', 1)]).toEqual([
    ['start-container'],
    [],
    ['start-container'],
    [],
  ])
})

test('counts on from what the API knows when the containers are lost', () => {
  const known = [
    { name: 'c', restartCount: 4, containerID: 'docker://gone', image: '', imageID: '', ready: true, state: { running: {} } },
  ]
  const { steps } = plan(podWith({}, {}, { containerStatuses: known }), observedOf())
  expect(steps).toMatchObject([{ type: 'start-container', attempt: 5 }])
})

test('runs init containers one by one, and a sidecar only until it has started', () => {
  const init = [
    { ...C, name: 'i1' },
    { ...C, name: 'side', restartPolicy: 'Always' },
    { ...C, name: 'i2' },
  ]
  const pod = podWith({ initContainers: init })
  const startsIn = (observed: PodContainers) =>
    plan(pod, observed).steps.map((step) => step.type === 'start-container' && step.container.name)
  const i1 = ended({ id: 'i1', name: 'i1', exitCode: 0 })
  const side = container({ id: 'side', name: 'side' })
  const i2 = ended({ id: 'i2', name: 'i2', exitCode: 0 })
  expect(startsIn(observedOf())).toEqual(['i1'])
  expect(startsIn(observedOf(i1))).toEqual(['side'])
  expect(startsIn(observedOf(i1, side))).toEqual(['i2'])
  expect(startsIn(observedOf(i1, side, i2))).toEqual(['c'])
})

test('stops sidecars after the others and the last first, when the work is done and when the pod is deleted', () => {
  const sidecar = (name: string) => ({ ...C, name, restartPolicy: 'Always' })
  const spec = { restartPolicy: 'Never', initContainers: [sidecar('a'), sidecar('b')] }
  const sidecars = [container({ id: 'a', name: 'a' }), container({ id: 'b', name: 'b' })]
  const stops = (pod: Pod, ...others: ContainerState[]) => {
    const { steps } = plan(pod, observedOf(...sidecars, ...others), { memory: Object.assign(readyMemory(), { drained: true }) })
    return steps.flatMap((step) => (step.type === 'stop-containers' ? step.targets : [])).map((t) => [t.container.id, t.after])
  }
  expect(stops(podWith(spec), ended({ exitCode: 0 }))).toEqual([
    ['a', ['b']],
    ['b', []],
  ])
  expect(stops(podWith(spec, { deletionTimestamp: '2026-01-01T00:00:30Z' }), container())).toEqual([
    ['a', ['b', 'c0']],
    ['b', ['c0']],
    ['c0', []],
  ])
})

test('restarts what the agent killed for its probe at once as long as no earlier end is close', () => {
  const memory = readyMemory()
  memory.probes.set('c0', { failed: 'liveness' })
  memory.probes.set('c1', { failed: 'liveness' })
  const first = ended({ finishedAt: new Date(START) })
  expect(plan(podWith(), observedOf(first), { memory, now: START }).steps).toMatchObject([{ attempt: 1, backOffSeconds: 0 }])
  const second = (seconds: number) =>
    ended({ id: 'c1', attempt: 1, labels: { [RESTART_BACK_OFF]: '10' }, finishedAt: new Date(START + seconds * 1000) })
  expect(plan(podWith(), observedOf(first, second(12)), { memory, now: START + 12_000 }).steps).toMatchObject([
    { attempt: 2, backOffSeconds: 20 },
  ])
  expect(plan(podWith(), observedOf(first, second(4)), { memory, now: START + 4_000 }).wakeAt).toBe(START + 14_000)
})

test('starts an ephemeral container once, whatever becomes of it, and before init containers have succeeded', () => {
  const pod = podWith({ initContainers: [{ ...C, name: 'i' }], ephemeralContainers: [{ ...C, name: 'debug' }] })
  const startsIn = (...containers: ContainerState[]) =>
    plan(pod, observedOf(...containers)).steps.map((step) => step.type === 'start-container' && step.container.name)
  const i = container({ id: 'i', name: 'i' })
  expect(startsIn(i)).toEqual(['debug'])
  expect(startsIn(i, ended({ id: 'd', name: 'debug' }))).toEqual([])
})

test('changes the limits of a container that runs, once the node has said that it has room', () => {
  const resources = { requests: { cpu: '200m' }, limits: { memory: '64Mi' } }
  const pod = podWith({ containers: [{ ...C, resources }] }, { generation: 2 })
  const memory = readyMemory()
  expect(typesOf(plan(pod, observedOf(container()), { memory }).steps)).toEqual(['admit-resize'])
  memory.resize = { generation: 2 }
  expect(plan(pod, observedOf(container()), { memory }).steps).toMatchObject([
    { type: 'resize-container', limits: { cpuShares: 204, memoryBytes: 64 * 2 ** 20 } },
  ])
  memory.resize = { generation: 2, refusal: { reason: 'Infeasible', message: '' } }
  expect(plan(pod, observedOf(container()), { memory }).steps).toEqual([])
})

test('gives a pod as a whole more before its containers, and takes from it after them', () => {
  const limits = (memory: string) => ({ limits: { memory } })
  const pod = podWith({ containers: [C, { ...C, name: 'd', resources: limits('16Mi') }], resources: limits('64Mi') })
  const [small, wanted, large] = [32, 64, 128].map((mib) => ({ cpuShares: 2, cpuQuotaUs: 0, memoryBytes: mib * 2 ** 20 }))
  const own = containerLimits({ ...C, resources: limits('16Mi') }, pod)
  const running = (ofC?: object) =>
    observedOf(container({ limits: { ...containerLimits(C, pod), ...ofC } }), container({ id: 'd0', name: 'd', limits: own }))
  const memory = readyMemory()
  const stepsOf = (held: typeof wanted, observed: PodContainers) => {
    Object.assign(memory, { podLimits: held })
    return plan(pod, observed, { memory }).steps
  }

  expect(typesOf(stepsOf(small, running()))).toEqual(['admit-resize'])
  memory.resize = { generation: 0 }
  expect(stepsOf(wanted, running())).toEqual([])
  expect(stepsOf(small, running({ memoryBytes: small?.memoryBytes }))).toMatchObject([
    { type: 'resize-pod', limits: wanted },
    { type: 'resize-container', limits: { memoryBytes: wanted?.memoryBytes } },
  ])
  expect(typesOf(stepsOf(large, running({ memoryBytes: large?.memoryBytes })))).toEqual(['resize-container'])
  memory.failed('resize c', START + 2000, { initialMs: 1000, maxMs: 1000 })
  expect(stepsOf(large, running({ memoryBytes: large?.memoryBytes }))).toEqual([])
  expect(stepsOf(large, running())).toEqual([{ type: 'resize-pod', limits: wanted }])
  memory.resize = { generation: 0, refusal: { reason: 'Infeasible', message: '' } }
  expect(stepsOf(large, running())).toEqual([])
})

test('restarts a container whose resizePolicy asks for it, without a back-off', () => {
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
  const pod = podWith({ containers: [{ ...C, resizePolicy, resources: { limits: { memory: '64Mi' } } }] })
  const memory = readyMemory()
  memory.resize = { generation: 0 }
  expect(plan(pod, observedOf(container()), { memory }).steps).toMatchObject([
    { type: 'stop-containers', targets: [{ message: 'Container c resize requires restart', forResize: true }] },
  ])
  memory.resizing.add('c0')
  const old = ended({ labels: { [CONTAINER_HASH]: containerHash(C), [RESTART_BACK_OFF]: '300' } })
  expect(typesOf(plan(pod, observedOf(old), { memory }).steps)).toEqual(['start-container'])
})

test('restarts a container whose resizePolicy asks for it when only its request of memory has changed', () => {
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
  const requesting = (memory: string) => ({ requests: { memory } })
  const asksFor = (asked: string, reported: string, policy: object = { resizePolicy }) => {
    const status = { name: 'c', containerID: 'docker://c0', resources: requesting(reported) }
    const containers = [{ ...C, ...policy, resources: requesting(asked) }]
    const memory = readyMemory()
    memory.resize = { generation: 0 }
    return plan(podWith({ containers }, {}, { containerStatuses: [status] }), observedOf(container()), { memory }).steps
  }
  expect(asksFor('64Mi', '32Mi')).toMatchObject([{ type: 'stop-containers', targets: [{ forResize: true }] }])
  expect(asksFor('64Mi', '65536Ki')).toEqual([])
  expect(asksFor('64Mi', '32Mi', {})).toEqual([])
})

test('leaves an init container alone that runs or has done its work, whatever its image is by now', () => {
  const initContainers = ['i1', 'i2'].map((name) => ({ name, image: 'other:1' }))
  const observed = observedOf(ended({ id: 'i1', name: 'i1', exitCode: 0 }), container({ id: 'i2', name: 'i2' }))
  expect(plan(podWith({ initContainers }), observed).steps).toEqual([])
})

describe('a container whose end starts all containers again', () => {
  const restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }]
  const pod = podWith({
    restartPolicy: 'Never',
    initContainers: [{ ...C, name: 'i' }],
    containers: [
      { ...C, name: 'source', restartPolicy: 'Never', restartPolicyRules },
      { ...C, name: 'other' },
    ],
  })
  const one = (name: string, code?: number, more: Partial<ContainerState> = {}) => {
    const { labels } = container({ name })
    return code === undefined
      ? container({ id: name, name, labels, ...more })
      : ended({ id: name, name, labels, exitCode: code, ...more })
  }
  const anew = (name: string, code?: number) =>
    one(name, code, { id: `${name}-2`, attempt: 1, labels: { ...one(name).labels, [ROUND]: '1' } })
  const startsOf = (...containers: ContainerState[]) => {
    const { steps } = plan(pod, observedOf(...containers), { now: START + 60_000 })
    return steps.flatMap((step) => (step.type === 'start-container' ? [[step.container.name, step.attempt, step.round]] : []))
  }
  const before = [one('i', 0), one('source', 42), one('other', 137)]

  test('ends the others at once', () => {
    const { steps } = plan(pod, observedOf(one('i', 0), one('source', 42), one('other')))
    expect(steps).toMatchObject([{ type: 'stop-containers', targets: [{ container: { name: 'other' }, graceSeconds: 0 }] }])
  })

  test('starts them in their order, once', () => {
    expect(startsOf(...before)).toEqual([['i', 1, 1]])
    expect(startsOf(...before, anew('i'))).toEqual([])
    expect(startsOf(...before, anew('i', 0))).toEqual([
      ['source', 1, 1],
      ['other', 1, 1],
    ])
    expect(startsOf(...before, anew('i', 0), anew('source'), anew('other', 1))).toEqual([])
  })

  test('leaves them alone when it ends otherwise', () => {
    expect(plan(pod, observedOf(one('i', 0), one('source', 1), one('other'))).steps).toEqual([])
  })
})

test('recreates everything when the sandbox has died, after what lost its network is stopped', () => {
  const dead = { pod: REF, sandboxes: [sandbox({ phase: 'exited' })], containers: [container()] }
  expect(typesOf(plan(podWith(), dead).steps)).toEqual(['stop-containers'])
  const stopped = { ...dead, containers: [ended()] }
  expect(plan(podWith(), stopped).steps).toMatchObject([{ type: 'remove-sandbox' }, { type: 'start-sandbox', attempt: 1 }])
})

test('starts what ended with its sandbox at once in the new one, whatever its back-off', () => {
  const lost = ended({ sandboxId: 'old', attempt: 3, labels: { [RESTART_BACK_OFF]: '40' } })
  expect(plan(podWith(), observedOf(lost)).steps).toMatchObject([{ type: 'start-container', attempt: 4, backOffSeconds: 40 }])
})

test('does not recreate the sandbox of a pod that has nothing left to run', () => {
  const dead = { pod: REF, sandboxes: [sandbox({ phase: 'exited' })], containers: [ended({ exitCode: 0 })] }
  expect(typesOf(plan(podWith({ restartPolicy: 'Never' }), dead).steps)).toEqual(['remove-sandbox', 'release'])
})

test('runs init containers again in a new sandbox', () => {
  const pod = podWith({ initContainers: [{ ...C, name: 'i' }] })
  const { steps } = plan(pod, observedOf(ended({ id: 'i', name: 'i', exitCode: 0, sandboxId: 'old' })))
  expect(steps).toMatchObject([{ type: 'start-container', container: { name: 'i' }, attempt: 1 }])
})

test('kills a container whose liveness probe gave up, with the probe’s own grace', () => {
  const memory = readyMemory()
  memory.probes.set('c0', { failed: 'liveness' })
  const probed = { ...C, livenessProbe: { terminationGracePeriodSeconds: 3 } }
  const { steps } = plan(podWith({ containers: [probed] }), observedOf(container()), { memory })
  expect(steps).toMatchObject([
    { type: 'stop-containers', targets: [{ graceSeconds: 3, message: 'Container c failed liveness probe, will be restarted' }] },
  ])
})

test('restarts a container whose image was changed, without a back-off and without holding earlier ends against it', () => {
  const pod = podWith({ containers: [{ ...C, image: 'app:2' }] })
  expect(plan(pod, observedOf(container())).steps).toMatchObject([
    { type: 'stop-containers', targets: [{ message: 'Container c definition changed, will be restarted' }] },
  ])
  const old = ended({ labels: { [CONTAINER_HASH]: containerHash(C), [RESTART_BACK_OFF]: '300' } })
  expect(plan(pod, observedOf(old)).steps).toMatchObject([{ type: 'start-container', backOffSeconds: 0 }])
})

test('keeps one dead container of a name, and removes the older ones', () => {
  const { steps } = plan(podWith(), observedOf(container({ attempt: 2 }), ended({ id: 'c1', attempt: 1 }), ended({ id: 'old' })))
  expect(steps).toEqual([{ type: 'remove-container', id: 'old' }])
})

test('ends a pod at its deadline, and wakes for it', () => {
  const pod = podWith({ activeDeadlineSeconds: 5 }, {}, { startTime: '2026-01-01T00:00:00Z' })
  expect(plan(pod, observedOf(container())).wakeAt).toBe(START + 5000)
  expect(plan(pod, observedOf(container()), { now: START + 5000 }).steps).toMatchObject([
    { type: 'fail-pod', reason: 'DeadlineExceeded' },
  ])
})

test('never starts anything of a pod that has ended', () => {
  const pod = podWith({}, {}, { phase: 'Failed' })
  expect(plan(pod, NOTHING)).toEqual({ steps: [], backingOff: [] })
  expect(typesOf(plan(pod, observedOf(ended())).steps)).toEqual(['remove-sandbox', 'release'])
})

test('lets a deleted pod leave the Services before it is stopped, and the API last', () => {
  const pod = podWith({}, { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 7 })
  const memory = readyMemory()
  expect(typesOf(plan(pod, observedOf(container()), { memory }).steps)).toEqual(['drain'])
  memory.drained = true
  expect(plan(pod, observedOf(container()), { memory }).steps).toMatchObject([
    { type: 'stop-containers', targets: [{ graceSeconds: 7 }] },
  ])
  const { steps } = plan(pod, observedOf(ended()), { memory })
  expect(typesOf(steps)).toEqual(['clean-up', 'finish-deletion'])
  expect(steps[0]).toMatchObject({ finalStatus: true })
  memory.finalStatusWritten = true
  expect(plan(pod, observedOf(ended()), { memory }).steps[0]).toMatchObject({ type: 'clean-up', finalStatus: false })
})

test('a pod that is deleted before it ran leaves at once', () => {
  const pod = podWith({}, { deletionTimestamp: '2026-01-01T00:00:30Z' })
  expect(typesOf(plan(pod, NOTHING).steps)).toEqual(['clean-up', 'finish-deletion'])
})

test('waits after a failed try, and says so for the containers that wait', () => {
  const memory = readyMemory()
  memory.failed('c', START + 2000, { initialMs: 10_000, maxMs: 300_000 })
  expect(plan(podWith(), observedOf(), { memory })).toEqual({
    steps: [],
    backingOff: [{ type: 'retry', container: 'c' }],
    wakeAt: START + 12_000,
  })
})

test('takes away what no pod of the API stands for', () => {
  expect(typesOf(planOrphan(observedOf(container())).steps)).toEqual(['stop-containers'])
  expect(typesOf(planOrphan(observedOf(ended())).steps)).toEqual(['clean-up'])
})
