/**
 * What a program in a pod finds there, what is told of pods that end, and what a node tells of itself and its pods: the finer
 * points on which Kubernetes' own node conformance tests insist, on a real Docker daemon.
 */

import { existsSync } from 'node:fs'
import { request } from 'node:https'
import {
  CONFIG_MAPS,
  type ContainerStatus,
  PERSISTENT_VOLUME_CLAIMS,
  type Pod,
  podIsReady,
  podIsTerminal,
  SECRETS,
} from '@skiff/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { shellWith } from '../support/kubectl.ts'
import { Pods } from '../support/pods.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false, isPatient: true })
  await importBusybox(cluster.host(0), 'bb:1')
  const objects = [CONFIG_MAPS, SECRETS].map((kind) => cluster.client.create(kind, settingsOf(kind) as never))
  await Promise.all(objects)
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const pods = new Pods(() => cluster.client, { spec: { terminationGracePeriodSeconds: 1 } })
const C = { name: 'c', image: 'bb:1' }
const run = (script: string, more: object = {}) => ({ ...C, command: ['sh', '-c', script], ...more })

function settingsOf(kind: typeof CONFIG_MAPS): object {
  const data = kind === SECRETS ? { key: Buffer.from('value').toString('base64') } : { key: 'value' }
  return { metadata: { namespace: 'default', name: 'settings' }, data }
}

interface Case {
  readonly container: object
  readonly spec?: object
  readonly says: string | RegExp
}

/** A container that looks at its volume `v` at /v. */
function looks(
  script: string,
  volume: object,
  { sub, own = {}, ...spec }: { sub?: string; own?: object; [field: string]: unknown } = {},
) {
  const volumeMounts = [{ name: 'v', mountPath: '/v', ...(sub ? { subPath: sub } : {}) }]
  return { container: run(script, { volumeMounts, ...own }), spec: { volumes: [{ name: 'v', ...volume }], ...spec } }
}

const DISK = { emptyDir: {} }
const MEMORY = { emptyDir: { medium: 'Memory' } }
const NON_ROOT = { runAsUser: 1001 }
const MODE = 'stat -c "%a %u:%g" /v'
const WRITE = 'echo hi > /v/file && stat -c "%a %u:%g" /v/file && cat /v/file'
const VOLUME_FILES = 'cd /v/..data; stat -c "%a %u:%g" key && cat key'
const TOKEN = 'cd /var/run/secrets/kubernetes.io/serviceaccount/..data; stat -c "%a %u:%g" token'

const hosts = (fields: object = {}, own: object = {}): Omit<Case, 'says'> => {
  const settings = { name: 'v', configMap: { name: 'settings' } }
  return { container: run('cat /etc/hosts; hostname', own), spec: { volumes: [settings], ...fields } }
}

const ENV_FILE = { name: 'FOUND', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'app.env', key: 'FOUND' } } }
/** All that ASCII can print but `=`. */
const ODD_NAMES = [
  { name: '!"#$%&\'()*+ ,-./', valueFrom: { configMapKeyRef: { name: 'settings', key: 'key' } } },
  { name: ':;<>?@[\\]^_`{|}~', value: '$(1 [x]:key)' },
]
const ODD_SOURCES = [{ prefix: '1 [x]:', secretRef: { name: 'settings' } }]
const WRITES_ENV = {
  ...run("echo FOUND=\\'by init\\' > /v/app.env"),
  name: 'init',
  volumeMounts: [{ name: 'v', mountPath: '/v' }],
}

const SEEN: Readonly<Record<string, Case>> = {
  'disk-is-for-everybody': { ...looks(MODE, DISK), says: '777 0:0\n' },
  'memory-is-for-everybody': { ...looks(MODE, MEMORY), says: '1777 0:0\n' },
  'disk-of-an-fsgroup': { ...looks(MODE, DISK, { securityContext: { fsGroup: 123 } }), says: '2777 0:123\n' },
  'part-of-memory-of-an-fsgroup': {
    ...looks(MODE, MEMORY, { sub: 'part', securityContext: { fsGroup: 123 } }),
    says: '3777 0:123\n',
  },
  'a-file-takes-the-fsgroup': {
    ...looks(WRITE, DISK, { securityContext: { fsGroup: 123, ...NON_ROOT } }),
    says: '644 1001:123\nhi\n',
  },
  'config-of-a-mode': { ...looks(VOLUME_FILES, { configMap: { name: 'settings', defaultMode: 0o400 } }), says: '400 0:0\nvalue' },
  'secret-of-an-fsgroup': {
    ...looks(
      VOLUME_FILES,
      { secret: { secretName: 'settings', defaultMode: 0o440 } },
      { securityContext: { fsGroup: 5, ...NON_ROOT } },
    ),
    says: '440 0:5\nvalue',
  },
  'token-of-root': { container: run(TOKEN), says: '644 0:0\n' },
  'token-of-a-user': { container: run(TOKEN), spec: { securityContext: NON_ROOT }, says: '600 1001:0\n' },
  'token-of-an-fsgroup': { container: run(TOKEN), spec: { securityContext: { fsGroup: 5 } }, says: '640 0:5\n' },
  'hosts-is-ours': { ...hosts(), says: /^# Kubernetes-managed hosts file\.[\s\S]*\thosts-is-ours\nhosts-is-ours\n$/ },
  'hosts-of-the-host': { ...hosts({ hostNetwork: true }), says: /^# Kubernetes-managed hosts file \(host network\)\.\n/ },
  'hosts-of-the-user': {
    ...hosts({}, { volumeMounts: [{ name: 'v', mountPath: '/etc/hosts', subPath: 'key' }] }),
    says: 'valuehosts-of-the-user\n',
  },
  'hosts-of-a-subdomain': {
    ...hosts({ hostname: 'h', subdomain: 's', setHostnameAsFQDN: true }),
    says: /\th\.s\.default\.svc\.cluster\.local\th\nh\.s\.default\.svc\.cluster\.local\n$/,
  },
  // Also where the daemon hasn't got all rights itself.
  'what-is-privileged-may-mount': {
    container: run('busybox mount -t tmpfs none /tmp && echo mounted', { securityContext: { privileged: true } }),
    says: 'mounted\n',
  },
  'variables-of-any-name': {
    container: { ...C, command: ['busybox', 'env'], env: ODD_NAMES, envFrom: ODD_SOURCES },
    says: /^1 \[x\]:key=value\n!"#\$%&'\(\)\*\+ ,-\.\/=value\n:;<>\?@\[\\\]\^_`\{\|\}~=value\n/m,
  },
  'variables-from-a-file': {
    ...looks('echo $FOUND', DISK, { own: { env: [ENV_FILE] }, initContainers: [WRITES_ENV] }),
    says: 'by init\n',
  },
}

test('what a program finds in its pod', async () => {
  const cases = Object.entries(SEEN)
  for (const [name, { container, spec }] of cases)
    await pods.create(name, { restartPolicy: 'Never', containers: [container], ...spec })
  for (const [name, { says }] of cases) {
    const ended = await pods.that(name, podIsTerminal)
    const log = await cluster.kubectlOk(['logs', name, '-c', 'c'])
    if (typeof says === 'string') expect.soft(log, name).toBe(says)
    else expect.soft(log, name).toMatch(says)
    expect.soft(ended.status?.phase, name).toBe('Succeeded')
  }
})

test('a variable from a file that leads out of its volume keeps the container waiting, and tells nothing of the host', async () => {
  const leads = { ...WRITES_ENV, command: ['sh', '-c', 'busybox ln -s /etc/shadow /v/app.env'] }
  const { container, spec } = looks('true', DISK, { own: { env: [ENV_FILE] }, initContainers: [leads] })
  await pods.create('leads-out', { containers: [container], ...spec })

  const pod = await pods.that('leads-out', (one) => stateOf(one, 'c')?.waiting?.reason === 'CreateContainerConfigError')

  expect(stateOf(pod, 'c')?.waiting?.message).toBe("file app.env can't be read: it leads outside of its volume")
})

test('a log lies where collectors of logs look for a kubelet’s, until its pod is gone', async () => {
  const { uid } = (await pods.create('collected', { restartPolicy: 'Never', containers: [run('echo to be collected')] })).metadata
  const ended = await pods.that('collected', podIsTerminal)
  const id = statusOf(ended, 'c')?.containerID?.replace('docker://', '')
  const name = `collected_default_c-${id}.log`
  const paths = [`/var/log/containers/${name}`, `/var/log/pods/default_collected_${uid}/c/0.log`]
  const volumes = paths.map((path, i) => ({ name: `v${i}`, hostPath: { path } }))
  const volumeMounts = paths.map((mountPath, i) => ({ name: `v${i}`, mountPath, readOnly: true }))
  const looks = run(`cat ${paths.join(' ')}`, { volumeMounts })
  await pods.create('collector', { restartPolicy: 'Never', containers: [looks], volumes })
  await pods.that('collector', podIsTerminal)
  expect((await cluster.kubectlOk(['logs', 'collector'])).match(/to be collected/g)).toHaveLength(2)

  const listed = () => cluster.kubectlOk(['get', '--raw', `/api/v1/nodes/${ended.spec.nodeName}/proxy/logs/containers/`])
  expect(await listed()).toContain(`<a href="${name}">`)
  await pods.delete('collected')
  // A pod that has ended is gone at once, and its node hears of that later.
  await waitFor('its log is listed no more', async () => !(await listed()).includes(name))
  expect(await pods.isGone('collected')).toBe(true)
})

test('a container’s own restart policy goes before its pod’s, and its rules before both', async () => {
  const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }]
  const own = (name: string, code: number, restartPolicy: string, fields: object = {}) =>
    pods.create(name, { containers: [run(`exit ${code}`, fields)], restartPolicy })
  await own('rule-meets', 42, 'Never', { restartPolicy: 'Never', restartPolicyRules: rules })
  await own('rule-misses', 1, 'Always', { restartPolicy: 'Never', restartPolicyRules: rules })
  await own('always', 0, 'Never', { restartPolicy: 'Always' })
  await own('never', 0, 'Always', { restartPolicy: 'Never' })

  const all = [{ ...rules[0], action: 'RestartAllContainers' }]
  const source = {
    ...run('[ -f /v/once ] && sleep 3600; touch /v/once; exit 42'),
    restartPolicy: 'Never',
    restartPolicyRules: all,
  }
  await pods.create('together', {
    restartPolicy: 'Never',
    initContainers: [{ ...run('true'), name: 'init' }],
    containers: [
      { ...source, volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      { ...run('sleep 3600'), name: 'other' },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  })

  const again = (pod: Pod) => (statusOf(pod, 'c')?.restartCount ?? 0) > 0
  for (const name of ['rule-meets', 'always']) await pods.that(name, again)
  const whole = await pods.that('together', (pod) => podIsReady(pod) && again(pod))
  const { initContainerStatuses: init = [], containerStatuses = [] } = whole.status ?? {}
  expect([...init, ...containerStatuses].map(({ name, restartCount }) => [name, restartCount])).toEqual([
    ['init', 1],
    ['c', 1],
    ['other', 1],
  ])
  const missed = await pods.that('rule-misses', podIsTerminal)
  const done = await pods.that('never', podIsTerminal)

  expect([missed, done].map((pod) => [pod.status?.phase, statusOf(pod, 'c')?.restartCount])).toEqual([
    ['Failed', 0],
    ['Succeeded', 0],
  ])
})

test('a pod that is being stopped says what has stopped of it, and what isn’t ready any more', async () => {
  const trap = 'trap "exit 0" TERM; touch /tmp/ready; while :; do sleep 0.1; done'
  const ready = {
    readinessProbe: { exec: { command: ['cat', '/tmp/ready'] }, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 60 },
  }
  const preStop = { exec: { command: ['sh', '-c', 'rm /tmp/ready; sleep 3600'] } }
  const containers = [
    { ...run(trap, ready), name: 'quick' },
    { ...run(trap, { ...ready, lifecycle: { preStop } }), name: 'slow' },
  ]
  await pods.create('halves', { containers, terminationGracePeriodSeconds: 3600 })
  await pods.that('halves', podIsReady)
  await pods.delete('halves')

  await pods.that('halves', (pod) => stateOf(pod, 'quick')?.terminated?.exitCode === 0 && stateOf(pod, 'slow')?.running)
  const unready = await pods.that('halves', (pod) => statusOf(pod, 'slow')?.ready === false)

  expect(stateOf(unready, 'slow')?.running).toBeDefined()
  expect(unready.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'False', message: 'containers with unready status: [quick slow]' }),
  )
  await pods.delete('halves', { gracePeriodSeconds: 0 })
  await waitFor('it is gone', () => pods.isGone('halves'))
})

test('a volume that a pod works with keeps its group when another pod comes to it', async () => {
  const resources = { requests: { storage: '1Mi' } }
  const claim = { metadata: { namespace: 'default', name: 'shared' }, spec: { accessModes: ['ReadWriteOnce'], resources } }
  await cluster.client.create(PERSISTENT_VOLUME_CLAIMS, claim as never)
  const use = async (name: string, fsGroup: number) => {
    const volumeMounts = [{ name: 'v', mountPath: '/v' }]
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'shared' } }]
    await pods.create(name, { containers: [run('sleep 3600', { volumeMounts })], volumes, securityContext: { fsGroup } })
    await pods.that(name, podIsReady)
    return await cluster.kubectlOk(['exec', name, '--', 'stat', '-c', '%g', '/v'])
  }
  expect(await use('first', 1234)).toBe('1234\n')
  expect(await use('second', 4321)).toBe('1234\n')
  await waitFor('it is told', async () => (await pods.eventReasons('second')).includes('AlreadyMountedVolume'))
  for (const name of ['first', 'second']) {
    await pods.delete(name)
    await waitFor(`${name} is gone`, () => pods.isGone(name))
  }
  expect(await use('third', 4321)).toBe('4321\n')
})

test('what nodes and pods use is shown by kubectl top, the oldest and the newest', async () => {
  const containers = ['busy', 'idle'].map((name) => ({
    ...run('sleep 3600'),
    name,
    resources: { limits: { cpu: '200m', memory: '64Mi' } },
  }))
  await pods.create('used', { containers: [{ ...containers[0], command: ['sh', '-c', 'while :; do :; done'] }, containers[1]] })
  await pods.that('used', podIsReady)
  for (const version of ['v27', 'v36'] as const) {
    const shell = shellWith(cluster.kubeconfig, version)
    // A busy agent may be late once, and what was said before the pod came is kept for a moment.
    const shows = (what: string, pattern: RegExp) =>
      waitFor(`kubectl top ${what} shows it`, async () => {
        expect((await shell(`kubectl top ${what} 2>&1`)).stdout).toMatch(pattern)
        return true
      })
    await shows('pod used --containers --no-headers', /^used +busy +[1-9]\d*m +\d+Mi *\nused +idle +\d+m +\d+Mi *\n$/)
    await shows('node', /^NAME +CPU\(cores\) +CPU[^\n]*\nnode1 +\d+m +\d+% +\d+Mi +\d+% *\n$/)
    await shows('pod -A --sum --sort-by=cpu', /NAMESPACE[\s\S]*default +used [\s\S]*\d+m +\d+Mi/)
    await shows('pod -l no=such', /^No resources found in default namespace.\n$/)
  }
  await pods.delete('used')
})

test('the agent tells what it and its pods do, to those who may ask', async () => {
  const readinessProbe = { exec: { command: ['true'] }, timeoutSeconds: 60 }
  await pods.create('told', {
    volumes: [{ name: 'disk', emptyDir: {} }],
    containers: [{ ...run('sleep 3600'), readinessProbe, volumeMounts: [{ name: 'disk', mountPath: '/disk' }] }],
  })
  await pods.that('told', podIsReady)
  await cluster.kubectlOk(['exec', 'told', '--', 'sh', '-c', 'head -c 300000 /dev/zero > /disk/zeros'])
  const { name } = cluster.host(0)
  const ask = (path: string) => cluster.kubectlOk(['get', '--raw', `/api/v1/nodes/${name}/proxy/${path}`])
  const ofTold = ({ podRef }: { podRef: { name: string } }) => podRef.name === 'told'
  // The last look at the processors may be so new that none follows it, and older than the pod.
  const { node, pods: told } = await waitFor('its use of processors is known', async () => {
    const summary = JSON.parse(await ask('stats/summary'))
    return summary.pods.find(ofTold)?.containers[0]?.cpu.usageNanoCores !== undefined && summary
  })
  expect(node.memory.availableBytes + node.memory.workingSetBytes).toBeGreaterThan(2 ** 28)
  expect(node.systemContainers.map(({ name: group }: { name: string }) => group)).toEqual(['kubelet', 'runtime', 'pods'])
  for (const { memory } of node.systemContainers) expect(memory.rssBytes).toBeGreaterThan(0)
  // Kernels may be built or started without it.
  if (existsSync('/proc/pressure/cpu')) expect(node.cpu.psi.some.total).toBeGreaterThan(0)
  const shown = told.find(ofTold)
  expect(shown.volume[0].usedBytes).toBeGreaterThanOrEqual(300_000)
  expect(shown).toMatchObject({
    cpu: { usageNanoCores: expect.any(Number), usageCoreNanoSeconds: expect.any(Number) },
    network: { name: 'eth0', rxBytes: expect.any(Number) },
    containers: [{ name: 'c', memory: { workingSetBytes: expect.any(Number) }, rootfs: { usedBytes: expect.any(Number) } }],
    volume: [{ name: 'disk' }, {}],
  })
  // What the engine takes long to measure is told to the next who asks.
  const cadvisor = await waitFor('what it has written is measured', async () => {
    const told = await ask('metrics/cadvisor')
    return /^container_fs_usage_bytes\{container="c",[^}]*pod="told"/m.test(told) && told
  })
  expect(cadvisor).toMatch(/^container_cpu_usage_seconds_total\{container="c",[^}]*namespace="default",pod="told"\} [\d.]+ \d+$/m)
  expect(cadvisor).toMatch(/^container_network_receive_bytes_total\{container="",[^}]*pod="told",interface="eth0"\} \d+ \d+$/m)
  const figures = {
    container_fs_usage_bytes: ',device=""',
    container_fs_reads_total: ',device="[^"]*"',
    container_file_descriptors: '',
  }
  for (const [name, label] of Object.entries(figures)) {
    expect(cadvisor).toMatch(new RegExp(`^${name}\\{container="c",[^}]*pod="told"${label}\\} \\d+ \\d+$`, 'm'))
  }
  expect(await ask('metrics/resource')).toMatch(/^pod_memory_working_set_bytes\{namespace="default",pod="told"\} \d+ \d+$/m)
  const own = await ask('metrics')
  expect(own).toMatch(/^kubelet_runtime_operations_duration_seconds_count\{operation_type="start_container"\} [1-9]/m)
  expect(own).toMatch(/^kubelet_pod_start_duration_seconds_count [1-9]/m)
  expect(await ask('metrics/probes')).toMatch(/^prober_probe_total\{probe_type="Readiness",container="c",pod="told",/m)
  expect(await ask('healthz')).toBe('ok')
})

test('a service account sees of the agent what its rights on nodes say, and nobody else anything', async () => {
  const token = (await cluster.kubectlOk(['create', 'token', 'default'])).trim()
  const status = (path: string, bearer?: string) => httpStatus(`https://${cluster.host(0).ip}:10250${path}`, bearer)
  expect(await status('/metrics')).toBe(401)
  expect(await status('/metrics', 'no.such.token')).toBe(401)
  expect(await status('/metrics', token)).toBe(403)
  await cluster.kubectlOk(['create', 'clusterrole', 'scraper', '--verb=get', '--resource=nodes/stats'])
  await cluster.kubectlOk([
    'create',
    'clusterrolebinding',
    'scraper',
    '--clusterrole=scraper',
    '--serviceaccount=default:default',
  ])
  await waitFor('the right is known', async () => (await status('/stats/summary', token)) === 200)
  expect(await status('/pods', token)).toBe(403)
  expect(await status('/containerLogs/default/told/c', token)).toBe(403)
})

function statusOf(pod: Pod, name: string): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find((status) => status.name === name)
}

function stateOf(pod: Pod, name: string): ContainerStatus['state'] {
  return statusOf(pod, name)?.state
}

/** By HTTPS without a certificate of one's own, and without looking at the agent's. */
function httpStatus(url: string, bearer: string | undefined): Promise<number | undefined> {
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, rejectUnauthorized: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
    asked.once('error', reject).end()
  })
}
