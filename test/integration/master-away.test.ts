/** An agent that starts while the master is away does its work from what an earlier one has kept. */

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Agent, type AgentOptions, startAgent } from '@skiff/agent'
import { FakeRuntime } from '@skiff/agent/testing'
import {
  CONFIG_MAPS,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  type Pod,
  SECRETS,
  STATEFUL_SETS,
  type StatefulSet,
} from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { createJoinToken, type JoinToken, type Master } from '@skiff/master'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { localAgentOptions } from '../support/local-agent.ts'
import { startLocalMaster } from '../support/local-master.ts'
import { waitFor } from '../support/wait-for.ts'

const NAMESPACE = 'default'

let directory: string
let port: number
let master: Master
let client: ApiClient
let token: JoinToken
let runtime: FakeRuntime
let agent: Agent
let stopAgent: () => Promise<void>

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-away-'))
  port = await freePort()
  await startTheMaster()
  client = new ApiClient({ server: `unix:${join(directory, 'master', 'api.sock')}`, userAgent: 'test' })
  token = await createJoinToken({ client, dataDir: join(directory, 'master'), ttlMs: 3_600_000 })
  runtime = new FakeRuntime()
  await startTheAgent()
})
afterEach(async () => {
  await stopAgent()
  client.close()
  await master.close()
  await rm(directory, { recursive: true, force: true })
})

async function startTheMaster(): Promise<void> {
  master = await startLocalMaster(join(directory, 'master'), { port })
}

async function startTheAgent(changes: Partial<AgentOptions> = {}): Promise<void> {
  const end = new AbortController()
  agent = await startAgent({
    ...localAgentOptions({ master, token, directory }, 'node-1', runtime),
    // Longer than it takes to be refused, when there is no master.
    patienceMs: 500,
    signal: end.signal,
    ...changes,
  })
  const { stopped } = agent
  stopAgent = async () => {
    end.abort()
    await stopped.catch(() => undefined)
  }
}

async function createPod(name: string, spec: object = {}, metadata: object = {}): Promise<void> {
  const containers = [{ name: 'c', image: 'app:1' }]
  const whole = { nodeName: 'node-1', containers, ...spec }
  await client.create(PODS, { metadata: { name, namespace: NAMESPACE, ...metadata }, spec: whole })
}

/** One that exists, or its pods would be taken away as orphans. */
async function statefulSet(): Promise<object> {
  const labels = { app: 'db' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'app:1' }] } }
  const { metadata } = await client.create<StatefulSet>(STATEFUL_SETS, {
    metadata: { name: 'db', namespace: NAMESPACE },
    spec: { serviceName: 'db', selector: { matchLabels: labels }, template },
  })
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: metadata.uid, controller: true }
}

async function runningPod(name: string): Promise<Pod> {
  return await waitFor(`${name} runs`, async () => {
    const pod = await client.get<Pod>(PODS, { namespace: NAMESPACE, name })
    if (pod.status?.containerStatuses?.every(({ state }) => state?.running !== undefined)) return pod
    throw new Error(JSON.stringify(pod.status))
  })
}

const containerOf = ({ metadata }: Pod) => runtime.running(metadata.uid, 'c')

/** Its program ends, and another one is started in its place. */
async function crash(pod: Pod): Promise<void> {
  const before = containerOf(pod)?.id ?? 'nothing'
  runtime.exitContainer(before, 1)
  await waitFor(`${pod.metadata.name} runs again`, () => containerOf(pod) !== undefined && containerOf(pod)?.id !== before)
}

async function heardOfRestart(name: string): Promise<Pod> {
  return await waitFor(`the master hears that ${name} was restarted`, async () => {
    const pod = await runningPod(name)
    return pod.status?.containerStatuses?.[0]?.restartCount === 1 && pod
  })
}

async function sandboxes(uid: string): Promise<number> {
  return (await runtime.inspectPod(uid)).sandboxes.length
}

/** Every process of the host ends. */
async function reboot(): Promise<void> {
  for (const pod of await runtime.listPods()) {
    for (const { id } of pod.containers) runtime.exitContainer(id, 137)
    for (const { id } of pod.sandboxes) runtime.exitSandbox(id)
  }
}

/** A pod with something of everything that the API is asked for. */
async function createDemandingPod(): Promise<void> {
  await client.create(CONFIG_MAPS, { metadata: { name: 'settings', namespace: NAMESPACE }, data: { colour: 'blue' } })
  await client.create(SECRETS, { metadata: { name: 'keys', namespace: NAMESPACE }, stringData: { key: 'geheim' } })
  const path = join(directory, 'data')
  await mkdir(path)
  const storage = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: '' }
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: NAMESPACE, name: 'data' }
  await client.create(PERSISTENT_VOLUMES, { metadata: { name: 'data' }, spec: { ...storage, hostPath: { path }, claimRef } })
  await client.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { name: 'data', namespace: NAMESPACE },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      resources: { requests: { storage: '1Gi' } },
      volumeName: 'data',
    },
  })
  const envFrom = [{ configMapRef: { name: 'settings' } }, { configMapRef: { name: 'missing', optional: true } }]
  const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } }]
  const volumes = [
    { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'keys', secret: { secretName: 'keys' } },
    { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
  ]
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }))
  await createPod('web', { containers: [{ name: 'c', image: 'app:1', envFrom, env, volumeMounts }], volumes })
}

test('what crashes is started again with what its pod had, and nothing ends before the master says so', async () => {
  await createDemandingPod()
  await createPod('gone')
  const web = await runningPod('web')
  const gone = await runningPod('gone')
  await stopAgent()
  await client.delete(PODS, { namespace: NAMESPACE, name: 'gone' }, { gracePeriodSeconds: 0 })
  await createPod('new')
  await master.close()
  const unknown = { name: 'unknown', namespace: NAMESPACE, uid: 'uid-of-nobody' }
  await runtime.startSandbox({ pod: unknown, attempt: 0, hostname: 'unknown', labels: {}, hostNetwork: true })

  await startTheAgent()
  await crash(web)
  await crash(gone)
  const variables = [{ name: 'colour', value: 'blue' }, { name: 'KEY', value: 'geheim' }] // biome-ignore format: one line
  expect(runtime.spec(containerOf(web)?.id ?? '')?.env).toEqual(expect.arrayContaining(variables))
  expect(await sandboxes(unknown.uid)).toBe(1)

  await startTheMaster()
  await waitFor('what the master does not know is gone', async () => {
    return (await sandboxes(gone.metadata.uid)) + (await sandboxes(unknown.uid)) === 0
  })
  await runningPod('new')
  await heardOfRestart('web')
})

test('after a reboot pods run again, but a pod of a StatefulSet may run elsewhere by now and waits for the master', async () => {
  await createDemandingPod()
  await createPod('db-0', {}, { labels: { app: 'db' }, ownerReferences: [await statefulSet()] })
  const web = await runningPod('web')
  const db = await runningPod('db-0')
  await stopAgent()
  await master.close()
  await reboot()

  await startTheAgent()
  await waitFor('the pod runs again', () => containerOf(web) !== undefined)
  expect(containerOf(db)).toBeUndefined()

  await startTheMaster()
  await waitFor('the StatefulSet’s pod runs again', () => containerOf(db) !== undefined)
  expect((await heardOfRestart('db-0')).metadata.uid).toBe(db.metadata.uid)
})

test('a certificate that ends meanwhile keeps nobody from the pods, and the join token gets another when the master is back', async () => {
  await createPod('web')
  const web = await runningPod('web')
  await stopAgent()
  await master.close()
  let isLate = true
  const now = () => new Date(Date.now() + (isLate ? 400 * 24 * 3_600_000 : 0))
  const said: string[] = []
  const logger = pino({ level: 'error' }, { write: (line) => said.push((JSON.parse(line) as { msg: string }).msg) })
  const certificate = () => readFile(join(directory, 'node-1', 'client.crt'), 'utf8')
  const before = await certificate()

  await startTheAgent({ now, logger })
  await crash(web)
  expect(said).toEqual([
    expect.stringMatching(/^this node's certificate has expired, and the master can't renew it \(.*\); until/),
  ])

  await startTheMaster()
  await waitFor('the host has another certificate', async () => (await certificate()) !== before)
  // The new one is of today.
  isLate = false
  expect((await heardOfRestart('web')).metadata.uid).toBe(web.metadata.uid)
})

test('a host whose node was deleted meanwhile leaves the cluster, as if its agent had seen it', async () => {
  await createPod('web')
  const web = await runningPod('web')
  await stopAgent()
  await client.delete(NODES, { name: 'node-1' })
  await master.close()

  await startTheAgent()
  await crash(web)
  // It may hear of that as soon as the master listens.
  const left = expect(agent.stopped).rejects.toThrow('node node-1 was deleted from the cluster')
  await startTheMaster()
  await left
})
