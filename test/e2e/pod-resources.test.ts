/** Resources of a pod as a whole (KEP-2837), on a real Docker daemon: one control group around all of its containers. */

import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Pod, podIsReady } from '@skiff/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../packages/cli/src/hosts/index.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { Pods } from '../support/pods.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false, isPatient: true })
  await importBusybox(cluster.host(0), 'bb:1')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const pods = new Pods(() => cluster.client, { spec: { terminationGracePeriodSeconds: 1 } })
const MIB = 2 ** 20
const CGROUPS = '/sys/fs/cgroup'
/** It has a hierarchy for each controller. */
const IS_V1 = existsSync(join(CGROUPS, 'memory'))

function manifestOf(name: string, spec: object): string {
  const metadata = { name, namespace: 'default' }
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { terminationGracePeriodSeconds: 1, ...spec } })
}

const running = (name: string, script: string, more: object = {}) => ({
  ...{ name, image: 'bb:1', command: ['sh', '-c', script] },
  ...more,
})

/** Control groups by that pattern, in every hierarchy. */
async function directoriesNamed(pattern: string): Promise<string[]> {
  // Others come and go meanwhile.
  const found = await run('sh', ['-c', `find ${CGROUPS} -type d -name '${pattern}' 2> /dev/null || true`])
  return found.split('\n').filter((line) => line !== '')
}

const groupsOf = (uid: string) => directoriesNamed(`skiff-*-pod${uid}`)

/** A file of a group's, as the kernel has it. */
async function inGroup(uid: string, [controller, v1]: readonly [string, string], v2: string): Promise<string> {
  const groups = await groupsOf(uid)
  const group = IS_V1 ? groups.find((path) => path.startsWith(join(CGROUPS, controller, '/'))) : groups[0]
  return readFileSync(join(group ?? '', IS_V1 ? v1 : v2), 'utf8').trim()
}

const memoryOf = async (uid: string) => Number(await inGroup(uid, ['memory', 'memory.limit_in_bytes'], 'memory.max'))
const quotaOf = async (uid: string) => Number((await inGroup(uid, ['cpu', 'cpu.cfs_quota_us'], 'cpu.max')).split(' ')[0])

const statusOf = ({ status }: Pod, name: string) => status?.containerStatuses?.find((one) => one.name === name)
const idOf = (pod: Pod, name: string) => (statusOf(pod, name)?.containerID ?? '').replace('docker://', '')

async function apply(name: string, spec: object): Promise<Pod> {
  await cluster.kubectlOk(['apply', '-f', '-'], manifestOf(name, spec))
  return await pods.that(name, podIsReady)
}

test('all containers of a pod are in one group, whose limits hold, are shown, and change in place', async () => {
  const tells = { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } }
  const pod = await apply('shared', {
    resources: { requests: { cpu: '100m' }, limits: { cpu: '500m', memory: '64Mi' } },
    containers: [
      running('a', 'echo $MEMORY; sleep 3600', { env: [tells] }),
      running('b', 'sleep 3600', { resources: { limits: { memory: '32Mi' } } }),
    ],
  })
  const { uid } = pod.metadata
  expect([await memoryOf(uid), await quotaOf(uid)]).toEqual([64 * MIB, 50_000])
  for (const name of ['a', 'b']) {
    const own = await directoriesNamed(`*${idOf(pod, name)}*`)
    expect(own.length).toBeGreaterThan(0)
    for (const group of own) expect(group).toMatch(new RegExp(`-pod${uid}/`))
  }
  const memory = (name: string) => cluster.host(0).docker('inspect', '-f', '{{.HostConfig.Memory}}', idOf(pod, name))
  expect([await memory('a'), await memory('b')]).toEqual([`${64 * MIB}\n`, `${32 * MIB}\n`])
  // It is ready as soon as it runs, which is before it has said anything.
  const said = async () => (await cluster.kubectlOk(['logs', 'shared', '-c', 'a'])) || undefined
  expect(await waitFor('it says something', said)).toBe('64\n')
  expect(pod.status).toMatchObject({
    resources: { limits: { memory: '64Mi' } },
    allocatedResources: { cpu: '100m', memory: '32Mi' },
  })
  const summary = JSON.parse(await cluster.kubectlOk(['get', '--raw', '/api/v1/nodes/node1/proxy/stats/summary']))
  const [shown] = summary.pods.filter(({ podRef }: { podRef: { uid: string } }) => podRef.uid === uid)
  expect(shown.memory.availableBytes + shown.memory.workingSetBytes).toBe(64 * MIB)

  const patch = (resources: object) =>
    cluster.kubectlOk(['patch', 'pod', 'shared', '--subresource', 'resize', '-p', JSON.stringify({ spec: { resources } })])
  await patch({ limits: { cpu: '1500m', memory: '128Mi' } })
  const larger = await pods.that('shared', ({ status }) => status?.resources?.limits?.memory === '128Mi')
  expect([await memoryOf(uid), await quotaOf(uid)]).toEqual([128 * MIB, 150_000])
  await cluster.host(0).killAgent()
  await cluster.host(0).startAgent()
  await patch({ limits: { cpu: '200m', memory: '64Mi' } })
  const smaller = await pods.that('shared', ({ status }) => status?.resources?.limits?.memory === '64Mi')
  expect([await memoryOf(uid), await quotaOf(uid)]).toEqual([64 * MIB, 20_000])
  for (const after of [larger, smaller]) {
    expect([idOf(after, 'a'), idOf(after, 'b')]).toEqual([idOf(pod, 'a'), idOf(pod, 'b')])
    expect(statusOf(after, 'a')?.restartCount).toBe(0)
  }
  await pods.areTold('shared', ['ResizeStarted', 'ResizeCompleted'])
  expect(await pods.eventReasons('shared')).not.toContain('ResizeError')
  await cluster.kubectlOk(['delete', 'pod', 'shared', '--timeout=120s'])
  expect(await groupsOf(uid)).toEqual([])
})

test('containers that exceed the memory of their pod together lose one of them, and only that one says so', async () => {
  const volumeMounts = [{ name: 'mem', mountPath: '/mem' }]
  const fills = 'head -c 40000000 /dev/zero > /mem/zeros; touch /mem/full; while [ ! -e /mem/end ]; do sleep 0.1; done; exit 3'
  // Not before the pod was seen to be ready.
  const grows =
    "until [ -e /mem/full ] && [ -e /mem/go ]; do sleep 0.1; done; x=$(head -c 4000000 /dev/zero | tr '\\0' x); while :; do x=$x$x; done"
  const pod = await apply('greedy', {
    restartPolicy: 'Never',
    resources: { limits: { memory: '64Mi' } },
    volumes: [{ name: 'mem', emptyDir: { medium: 'Memory' } }],
    containers: [running('fills', fills, { volumeMounts }), running('grows', grows, { volumeMounts })],
  })
  await cluster.kubectlOk(['exec', 'greedy', '-c', 'fills', '--', 'touch', '/mem/go'])
  const killed = await pods.that('greedy', (one) => statusOf(one, 'grows')?.state?.terminated)
  expect(statusOf(killed, 'grows')?.state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 })
  expect(statusOf(killed, 'fills')?.state?.running).toBeDefined()
  // The container may end, and everything in it, before the command has told its own end.
  await cluster.kubectl(['exec', 'greedy', '-c', 'fills', '--', 'touch', '/mem/end'])
  const over = await pods.that('greedy', ({ status }) => status?.phase === 'Failed')
  expect(statusOf(over, 'fills')?.state?.terminated).toMatchObject({ reason: 'Error', exitCode: 3 })
  await waitFor('its group goes with its last process', async () => (await groupsOf(pod.metadata.uid)).length === 0)
})

test('the group of a pod that was deleted while its agent was away goes when that is back', async () => {
  const pod = await apply('left', { resources: { limits: { cpu: '100m' } }, containers: [running('c', 'sleep 3600')] })
  const groups = await groupsOf(pod.metadata.uid)
  const host = cluster.host(0)
  await host.killAgent()
  await cluster.kubectlOk(['delete', 'pod', 'left', '--force', '--grace-period=0'])
  // Of a pod whose containers are gone, too: an agent may die before it has removed the group.
  const [first = ''] = groups
  const orphan = join(first, '..', basename(first).replace(pod.metadata.uid, 'long-gone'))
  await run('mkdir', [orphan])
  await host.startAgent()
  await waitFor(
    'nothing is left',
    async () => [...(await groupsOf(pod.metadata.uid)), ...(await groupsOf('long-gone'))].length === 0,
  )
})
