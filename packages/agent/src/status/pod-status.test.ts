import { readFileSync } from 'node:fs'
import type { Container, ContainerStatus, Pod, PodStatus } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { containerLimits } from '../containers/resources.ts'
import { POD_IP } from '../pods/labels.ts'
import { MutablePodMemory } from '../pods/pod-memory.ts'
import type { ContainerState, PodContainers } from '../runtime/runtime.ts'
import { podStatus } from './pod-status.ts'

const REF = { namespace: 'default', name: 'p', uid: 'u-1' }
const NOW = new Date('2026-01-01T00:00:00Z')

const EXIT_1 = { action: 'Restart', exitCodes: { operator: 'In', values: [1] } }

interface Recorded {
  readonly case: string
  readonly spec: Pod['spec']
  readonly statuses: (PodStatus & { containerStatuses: SeenStatus[]; initContainerStatuses?: SeenStatus[] })[]
}

/** `seen`: the kubelet knew a container of that name. */
type SeenStatus = ContainerStatus & { seen: boolean }

const fixture = readFileSync(new URL('./testdata/recorded-pod-status.jsonl', import.meta.url), 'utf8')
const recorded = fixture
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)

describe('the status of a pod is what a real kubelet wrote for the same containers', () => {
  for (const { case: title, spec, statuses } of recorded) {
    test(title, () => {
      for (const status of statuses) {
        const { pod, observed, memory } = situationOf(spec, status)
        const computed = podStatus({ pod, observed, memory, nodeIp: '10.0.0.2', now: NOW })
        expect(comparable(computed)).toEqual(comparable(status))
      }
    })
  }
})

test('a condition keeps its time of transition until its status changes', () => {
  const spec = { containers: [{ name: 'c', image: 'a' }] }
  const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: '2020-01-01T00:00:00Z' }]
  const pod = { ...podOf(spec), status: { conditions } } as Pod
  const observed = { pod: REF, sandboxes: [], containers: [] }
  const status = podStatus({ pod, observed, memory: new MutablePodMemory(), nodeIp: '10.0.0.2', now: NOW })
  const timeOf = (type: string) => status.conditions?.find((condition) => condition.type === type)?.lastTransitionTime
  expect(timeOf('Ready')).toBe('2020-01-01T00:00:00Z')
  expect(timeOf('PodScheduled')).toBe('2026-01-01T00:00:00Z')
})

test.for([
  [{ restartPolicy: 'Always' }, 'Never', 'Running'],
  [{ restartPolicy: 'Never' }, 'Always', 'Failed'],
  [{ restartPolicy: 'Never', restartPolicyRules: [EXIT_1] }, 'Never', 'Running'],
] as const)('a container of %o that failed in a pod of %s leaves it %s', ([own, restartPolicy, phase]) => {
  const pod = podOf({ containers: [{ name: 'c', image: 'a', ...own }], restartPolicy } as Pod['spec'])
  const ended = { id: 'c-1', name: 'c', attempt: 0, phase: 'exited', exitCode: 1, labels: {}, createdAt: NOW, image: 'a' }
  const observed = { pod: REF, sandboxes: [], containers: [ended] } as unknown as PodContainers
  expect(podStatus({ pod, observed, memory: new MutablePodMemory(), nodeIp: '10.0.0.2', now: NOW }).phase).toBe(phase)
})

test('what an earlier agent started in a sandbox says that the sandbox has its address', () => {
  const pod = podOf({ containers: [{ name: 'c', image: 'a' }] })
  const sandbox = { id: 's', attempt: 0, phase: 'running' as const, labels: {}, pid: 7 }
  const limits = { cpuShares: 2, cpuQuotaUs: 0, memoryBytes: 0 }
  const container = { ...sandbox, limits, id: 'c-1', name: 'c', sandboxId: 's' }
  const readyToStart = (containers: unknown[]) => {
    const observed = { pod: REF, sandboxes: [sandbox], containers } as unknown as PodContainers
    const { conditions } = podStatus({ pod, observed, memory: new MutablePodMemory(), nodeIp: '10.0.0.2', now: NOW })
    return conditions?.find(({ type }) => type === 'PodReadyToStartContainers')?.status
  }
  expect(readyToStart([{ ...container, createdAt: NOW, startedAt: NOW, image: 'a', imageId: 'i' }])).toBe('True')
  expect(readyToStart([])).toBe('False')
})

test('a sidecar that was waiting for its restart has ended with its pod', () => {
  const [sidecar, app] = [
    { name: 's', image: 'a', restartPolicy: 'Always' },
    { name: 'c', image: 'a' },
  ] as const
  const pod = podOf({ restartPolicy: 'Never', initContainers: [sidecar], containers: [app] })
  const memory = new MutablePodMemory()
  memory.waiting.set('s', { reason: 'CrashLoopBackOff', message: 'back-off' })
  const crashed = { ...containerBase(sidecar, 's-1', 1), phase: 'exited', exitCode: 1 } as ContainerState
  const sidecarWhen = (phase: 'running' | 'exited') => {
    const containers = [crashed, { ...containerBase(app, 'c-0', 0), phase, exitCode: 0 } as ContainerState]
    const { initContainerStatuses } = podStatus({
      ...{ pod, memory, nodeIp: '10.0.0.2', now: NOW },
      observed: { pod: REF, sandboxes: [], containers },
    })
    return initContainerStatuses?.[0]?.state
  }
  expect(sidecarWhen('running')?.waiting?.reason).toBe('CrashLoopBackOff')
  expect(sidecarWhen('exited')?.terminated).toMatchObject({ exitCode: 1, reason: 'Error' })
})

test("a condition that others write stays where it is, and the pod's address outlives its sandbox", () => {
  const status = { conditions: [{ type: 'x.y/z', status: 'True' }], podIP: '10.244.1.9', phase: 'Succeeded' as const }
  const pod = { ...podOf({ containers: [{ name: 'c', image: 'a' }] }), status }
  const observed = { pod: REF, sandboxes: [], containers: [] }
  const computed = podStatus({ pod, observed, memory: new MutablePodMemory(), nodeIp: '10.0.0.2', now: NOW })
  expect(computed.conditions?.at(-1)).toEqual({ type: 'x.y/z', status: 'True' })
  expect(computed).toMatchObject({ podIP: '10.244.1.9', phase: 'Succeeded' })
})

/** The containers and the memory that led a kubelet to this status. */
function situationOf(spec: Pod['spec'], status: Recorded['statuses'][number]) {
  const memory = new MutablePodMemory()
  const containers: ContainerState[] = []
  const all = [...(status.initContainerStatuses ?? []), ...status.containerStatuses]
  for (const [index, one] of all.entries()) {
    const container = [...(spec.initContainers ?? []), ...spec.containers][index]
    if (container) noteContainer(container, one, containers, memory)
  }
  const labels = { [POD_IP]: status.podIP ?? '' }
  const sandbox = { id: 's', pod: REF, attempt: 0, phase: 'running' as const, labels, pid: 1, createdAt: NOW }
  const observed: PodContainers = { pod: REF, sandboxes: status.podIP ? [sandbox] : [], containers }
  return { pod: podOf(spec), observed, memory }
}

function noteContainer(container: Container, status: SeenStatus, containers: ContainerState[], memory: MutablePodMemory): void {
  const { state = {}, lastState = {}, restartCount, seen } = status
  const id = `${container.name}-${restartCount}`
  const isFirst = ['ContainerCreating', 'PodInitializing'].includes(state.waiting?.reason ?? '')
  if (state.waiting && !isFirst)
    memory.waiting.set(container.name, { reason: state.waiting.reason ?? '', message: state.waiting.message ?? '' })
  if (!seen) return
  const ended = state.terminated ?? (state.waiting ? lastState.terminated : undefined)
  containers.push(ended ? exited(container, id, restartCount, ended, memory) : running(container, id, restartCount))
  memory.probes.set(id, { started: status.started ?? false, ready: status.ready })
  const before = state.waiting ? undefined : lastState.terminated
  if (before) containers.push(exited(container, `${id}-before`, restartCount - 1, before, memory))
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>

function exited(container: Container, id: string, attempt: number, ended: Terminated, memory: MutablePodMemory): ContainerState {
  const couldNotRun = ended.reason === 'ContainerCannotRun'
  if (ended.message && !couldNotRun) memory.terminationMessages.set(id, ended.message)
  return {
    ...containerBase(container, id, attempt),
    phase: 'exited',
    exitCode: ended.exitCode,
    oomKilled: ended.reason === 'OOMKilled',
    ...(couldNotRun ? { error: ended.message ?? '' } : {}),
  }
}

function running(container: Container, id: string, attempt: number): ContainerState {
  return { ...containerBase(container, id, attempt), phase: 'running' }
}

function containerBase(container: Container, id: string, attempt: number) {
  const times = { createdAt: NOW, startedAt: NOW, finishedAt: NOW }
  return {
    id,
    pod: REF,
    name: container.name,
    attempt,
    sandboxId: 's',
    labels: {},
    pid: 0,
    image: '',
    imageId: '',
    logPath: '',
    tty: false,
    limits: containerLimits(container, podOf({ containers: [container] })),
    ...times,
  }
}

function podOf(spec: Pod['spec']): Pod {
  const metadata = { ...REF, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec }
}

/**
 * Without times and ids, and without what Kubernetes has changed since 1.20, from which the record is: the condition
 * PodReadyToStartContainers is new, pods that failed say PodFailed, init containers say whether they have started.
 */
function comparable({ phase, conditions = [], podIP, containerStatuses = [], initContainerStatuses = [] }: PodStatus) {
  const known = conditions.filter(({ type }) => type !== 'PodReadyToStartContainers')
  return {
    phase,
    podIP,
    conditions: known.map(({ type, status, reason, message }) => {
      const changed = phase === 'Failed' && (type === 'Ready' || type === 'ContainersReady')
      return changed ? { type, status } : { type, status, reason, message }
    }),
    init: initContainerStatuses.map((status) => ({ ...comparableContainer(status), started: undefined })),
    containers: containerStatuses.map(comparableContainer),
  }
}

function comparableContainer({ name, state, lastState, ready, restartCount, image, started }: ContainerStatus) {
  return { name, state: timeless(state), lastState: timeless(lastState), ready, restartCount, image, started: started ?? false }
}

function timeless(state: ContainerStatus['state']): unknown {
  const { terminated, running: runs, waiting } = state ?? {}
  if (runs) return { running: {} }
  if (waiting) return { waiting }
  return terminated ? { exitCode: terminated.exitCode, reason: terminated.reason, message: terminated.message } : {}
}
