import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import type { Pod, Probe } from '@skiff/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ProbeState } from '../pods/pod-memory.ts'
import { FakeRuntime } from '../runtime/fake/fake-runtime.ts'
import type { ContainerState, PodContainers } from '../runtime/runtime.ts'
import { Semaphore } from '../semaphore.ts'
import { PodProbes } from './pod-probes.ts'

const POD = { namespace: 'default', name: 'web', uid: 'u-1' }
const FOUND_READY: ProbeState = { started: true, ready: true }

let server: net.Server

beforeEach(async () => {
  server = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => void server.close())

/** The names of the containers, in the order in which their probes first passed. */
async function firstAnswers(states: Readonly<Record<string, ProbeState>>, probe: Probe, random: () => number): Promise<string[]> {
  const names = Object.keys(states)
  const answered: string[] = []
  const all = Promise.withResolvers<void>()
  const probes = new PodProbes({
    ...{ runtime: new FakeRuntime(), execSlots: new Semaphore(1), now: () => new Date(), random },
    states: new Map(Object.entries(states)),
    onResult: ({ container, ok }) => {
      if (ok && !answered.includes(container)) answered.push(container)
      if (answered.length === names.length) all.resolve()
    },
    onChange: () => undefined,
    onEvent: () => undefined,
  })
  probes.sync(podOf(names, probe), running(names), '127.0.0.1')
  await all.promise
  probes.stop()
  return answered
}

function podOf(names: readonly string[], readinessProbe: Probe): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...POD, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: names.map((name) => ({ name, readinessProbe })) },
  }
}

function running(names: readonly string[]): PodContainers {
  const createdAt = new Date()
  const containers = names.map(
    (name): ContainerState => ({
      ...{ id: name, pod: POD, name, attempt: 0, sandboxId: 's0', phase: 'running', labels: {}, pid: 9, image: '', imageId: '' },
      ...{ createdAt, logPath: '', tty: false, limits: { cpuShares: 0, cpuQuotaUs: 0, memoryBytes: 0 } },
    }),
  )
  return { pod: POD, sandboxes: [], containers }
}

function tcpProbe(periodSeconds: number): Probe {
  return { tcpSocket: { port: (server.address() as AddressInfo).port }, periodSeconds, timeoutSeconds: 60 }
}

test('containers that an agent finds ready are first asked at random moments of their period', async () => {
  const moments = [0.05, 0]
  const random = () => moments.shift() ?? 0
  expect(await firstAnswers({ a: FOUND_READY, b: FOUND_READY }, tcpProbe(10), random)).toEqual(['b', 'a'])
})

test('containers that have not been ready yet are asked at once', async () => {
  const answered = await firstAnswers({ a: {}, b: { started: true, ready: false } }, tcpProbe(3600), () => 0.9)
  expect(answered.sort()).toEqual(['a', 'b'])
})
