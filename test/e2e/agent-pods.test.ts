/** What a pod's spec asks for, on a real Docker daemon: files, volumes, probes, hooks, restarts, logs. */

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  type EndpointSlice,
  EVENTS,
  type Event,
  NODES,
  type Node,
  PODS,
  type Pod,
  podIsReady,
  quantityToBytes,
  RUNTIME_CLASSES,
  SERVICES,
} from '@skiff/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { RunningKubectl } from '../support/kubectl.ts'
import { Pods } from '../support/pods.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster

beforeAll(async () => {
  // However long a slow machine takes to bring an agent back: nothing is evicted meanwhile.
  cluster = await startCluster({ hosts: 1, sampleImages: false, isPatient: true })
  const host = cluster.host(0)
  await importBusybox(host as Parameters<typeof importBusybox>[0], 'bb:1')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

/** Of the second restart; the engine's times are shown in whole seconds. */
const BACK_OFF_MS = 10_000
const CLOCK_ROUNDING_MS = 1_000

const SLEEP = { name: 'c', image: 'bb:1', command: ['sleep', '3600'] }
/** Sleeps, and ends when it is told to. */
const STAY = "trap 'exit 0' TERM; sleep 3600 & wait"

const pods = new Pods(() => cluster.client, { spec: { containers: [SLEEP], terminationGracePeriodSeconds: 1 } })
const run = (name: string, spec: object) => pods.create(name, spec)
const get = (name: string) => pods.get(name)
const podThat = (name: string, is: (pod: Pod) => unknown) => pods.that(name, is)

const sh = (pod: string, script: string) => cluster.kubectlOk(['exec', pod, '--', 'sh', '-c', script])

test('a container sees its variables, volumes and network files', async () => {
  await cluster.client.create(CONFIG_MAPS, {
    metadata: { namespace: 'default', name: 'settings' },
    data: { colour: 'blue' },
  } as never)
  await run('full', {
    hostname: 'full-host',
    securityContext: { fsGroup: 2000, runAsUser: 1000 },
    containers: [
      {
        ...SLEEP,
        env: [
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
        ],
        envFrom: [{ configMapRef: { name: 'settings' } }],
        resources: { requests: { cpu: '10m' }, limits: { memory: '64Mi', cpu: '500m' } },
        volumeMounts: [
          { name: 'settings', mountPath: '/settings' },
          { name: 'memory', mountPath: '/memory' },
          { name: 'disk', mountPath: '/disk' },
          { name: 'disk', mountPath: '/part', subPath: 'a/b' },
        ],
      },
    ],
    volumes: [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'disk', emptyDir: {} },
    ],
  })
  const pod = await podThat('full', podIsReady)
  expect(await sh('full', 'echo $IP $MEMORY $colour; hostname')).toBe(`${pod.status?.podIP} 67108864 blue\nfull-host\n`)
  expect(await sh('full', 'cat /etc/hosts /etc/resolv.conf')).toMatch(/full-host[\s\S]*search default\.svc\.cluster\.local/)
  expect(
    await sh(
      'full',
      'cat /settings/colour; echo one > /part/file; cat /disk/a/b/file; echo two > /memory/file; cat /memory/file',
    ),
  ).toBe('blueone\ntwo\n')
  expect(await sh('full', 'stat -c "%g %a" /disk; id -G')).toMatch(/^2000 2777\n.*2000/)
  await cluster.client.patch(
    CONFIG_MAPS,
    { namespace: 'default', name: 'settings' },
    { type: 'merge', body: { data: { colour: 'red' } } },
  )
  await waitFor('the changed ConfigMap is seen', async () => (await sh('full', 'cat /settings/colour')) === 'red')
})

test('a container that fails says why, and is started again', async () => {
  const command = ['sh', '-c', 'echo -n broken > /dev/termination-log; echo last words; exit 7']
  await run('crash', { containers: [{ ...SLEEP, command }] })
  const pod = await podThat(
    'crash',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
  )
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    restartCount: 1,
    lastState: { terminated: { exitCode: 7, reason: 'Error', message: 'broken' } },
  })
  expect(await cluster.kubectlOk(['logs', 'crash', '--previous'])).toBe('last words\n')
})

test('a command that is not there is told in the engine’s words', async () => {
  await run('nosuch', { restartPolicy: 'Never', containers: [{ ...SLEEP, command: ['nosuch'] }] })
  const pod = await podThat('nosuch', ({ status }) => status?.phase === 'Failed')
  expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 127, reason: 'ContainerCannotRun' })
})

test('probes decide whether a pod is ready and whether a container lives', async () => {
  const web = {
    ...SLEEP,
    command: ['sh', '-c', 'sleep 1; mkdir /tmp/www; echo hi > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www'],
  }
  const httpGet = { path: '/index.html', port: 8080 }
  await run('web', { containers: [{ ...web, readinessProbe: { httpGet, periodSeconds: 1 } }] })
  await podThat('web', ({ status }) => status?.phase === 'Running')
  await podThat('web', podIsReady)
  const command = ['sh', '-c', 'touch /tmp/l; sleep 2; rm /tmp/l; sleep 3600']
  const livenessProbe = { exec: { command: ['cat', '/tmp/l'] }, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 1 }
  await run('sick', { containers: [{ ...SLEEP, command, livenessProbe }] })
  const sick = await podThat('sick', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
  expect(sick.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137)
})

test('init containers and sidecars run in order, and a deleted pod runs its preStop hook and leaves nothing on the host', async () => {
  const volumeMounts = [{ name: 'v', mountPath: '/v' }]
  const init = { ...SLEEP, name: 'i', command: ['sh', '-c', 'echo init >> /v/log'], volumeMounts }
  const sidecar = {
    ...SLEEP,
    name: 'side',
    restartPolicy: 'Always',
    command: ['sh', '-c', `echo side >> /v/log; ${STAY}`],
    volumeMounts,
    // What comes after it waits until it has started, which by itself is before it has written.
    startupProbe: { exec: { command: ['grep', 'side', '/v/log'] }, periodSeconds: 1, timeoutSeconds: 60, failureThreshold: 60 },
  }
  const preStop = { exec: { command: ['sh', '-c', 'echo stopping > /v/stopped'] } }
  const app = { ...SLEEP, command: ['sh', '-c', `echo app >> /v/log; ${STAY}`], volumeMounts, lifecycle: { preStop } }
  await run('ordered', {
    initContainers: [init, sidecar],
    containers: [app],
    volumes: [{ name: 'v', hostPath: { path: '/run/ordered' } }],
    // For the hook: what it is too short for isn't done.
    terminationGracePeriodSeconds: 60,
  })
  const { metadata } = await podThat('ordered', podIsReady)
  const log = () => cluster.host(0).exec(['cat', '/run/ordered/log'])
  // A container is ready as soon as it runs, which is before its first command has.
  await waitFor('the application has written', async () => (await log()).includes('app'))
  expect(await log()).toBe('init\nside\napp\n')
  await cluster.client.delete(PODS, { namespace: 'default', name: 'ordered' })
  await waitFor('the pod is gone', () => pods.isGone('ordered'))
  expect(await cluster.host(0).exec(['cat', '/run/ordered/stopped'])).toBe('stopping\n')
  expect(await cluster.host(0).docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${metadata.uid}`)).toBe('')
})

test('a pod that leaves is not stopped while it has requests from before that it could not even read', async () => {
  const server = `trap 'exit 0' TERM; httpd -f -p 80 & wait`
  const containers = [{ ...SLEEP, command: ['sh', '-c', server] }]
  await pods.create('busy', { containers, terminationGracePeriodSeconds: 60 }, { labels: { app: 'busy' } })
  const service = { metadata: { name: 'busy' }, spec: { selector: { app: 'busy' }, ports: [{ port: 80 }] } }
  await cluster.client.create(SERVICES, service as object, { namespace: 'default' })
  const { status } = await podThat('busy', podIsReady)
  const slices = { namespace: 'default', labelSelector: 'kubernetes.io/service-name=busy' }
  await waitFor('it is served', async () => {
    const { items } = await cluster.client.list<EndpointSlice>(ENDPOINT_SLICES, slices)
    return items[0]?.endpoints?.[0]?.conditions?.ready
  })
  const host = cluster.host(0)
  const id = (await host.docker('ps', '-q', '--filter', 'name=k8s_c_busy')).trim()
  const all = (await host.docker('top', id, '-o', 'pid')).match(/\d+/g) ?? []
  await host.exec(['kill', '-STOP', ...all])
  void host
    .exec(['busybox', 'sh', '-c', `printf 'GET /nothing HTTP/1.0\\r\\n\\r\\n' | nc ${status?.podIP} 80`])
    .catch(() => undefined)
  const first = (await host.docker('inspect', '-f', '{{.State.Pid}}', id)).trim()
  const sockets = () => host.exec(['cat', `/proc/${first}/net/tcp`, `/proc/${first}/net/tcp6`])
  await waitFor('somebody waits', async () => / 0A 0{8}:0{7}1 /.test(await sockets()))
  const begin = performance.now()
  await pods.delete('busy')
  // SIGTERM was sent, and waits until the process goes on.
  const pending = async () => /^ShdPnd:\s+(\w+)$/m.exec(await host.exec(['cat', `/proc/${first}/status`]))?.[1]
  await waitFor('it is stopped', async () => (Number(`0x${await pending()}`) & (1 << 14)) !== 0)
  expect(performance.now() - begin).toBeGreaterThan(2_000)
  await host.exec(['kill', '-CONT', first])
  await waitFor('it is gone', () => pods.isGone('busy'))
  await cluster.client.delete(SERVICES, { namespace: 'default', name: 'busy' })
})

test('an ephemeral container looks into a pod: it sees the processes of its target, and its output is attached', async () => {
  await run('debugged', {})
  const before = await podThat('debugged', podIsReady)
  // Only once somebody is attached does it say what it sees.
  const look = 'read start; tr "\\0" " " < /proc/1/cmdline; echo'
  const attached = ['-i', '--image', 'bb:1', '--target', 'c', '-c', 'look', '--', 'sh', '-c', look]
  await using debugging = new RunningKubectl(cluster.kubeconfig, ['debug', 'debugged', ...attached])
  // Its input doesn't end: who has nothing more to say is not waited for with an answer.
  debugging.type('go\n')
  expect(await debugging.ended()).toBe(0)
  expect(debugging.output).toContain('sleep 3600')
  const pod = await podThat('debugged', ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.terminated)
  expect(pod.status?.ephemeralContainerStatuses?.[0]).toMatchObject({
    name: 'look',
    restartCount: 0,
    state: { terminated: { exitCode: 0, reason: 'Completed' } },
  })
  expect(await cluster.kubectlOk(['logs', 'debugged', '-c', 'look'])).toBe('sleep 3600 \n')
  expect(pod.status?.containerStatuses).toEqual(before.status?.containerStatuses)
})

test('a container gets exactly the rights that its security context names', async () => {
  const host = cluster.host(0)
  const profiles = join(cluster.folder, `agent-${host.name}`, 'seccomp')
  mkdirSync(profiles, { recursive: true })
  const noMkdir = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] }
  writeFileSync(join(profiles, 'no-mkdir.json'), JSON.stringify(noMkdir))
  const with_ = (name: string, securityContext: object) => ({ ...SLEEP, name, securityContext })
  const localhost = { type: 'Localhost', localhostProfile: 'no-mkdir.json' }
  await run('rights', {
    shareProcessNamespace: true,
    hostname: 'who',
    subdomain: 'sub',
    setHostnameAsFQDN: true,
    securityContext: {
      runAsUser: 1000,
      runAsGroup: 1001,
      supplementalGroups: [3000],
      sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '20000\t20100' }],
    },
    containers: [
      with_('plain', {}),
      with_('bound', { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }),
      with_('able', { runAsUser: 0, capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] }, seccompProfile: localhost }),
    ],
  })
  await podThat('rights', podIsReady)
  const in_ = (container: string, script: string) =>
    cluster.kubectlOk(['exec', 'rights', '-c', container, '--', 'sh', '-c', script])
  expect(await in_('plain', 'id -u; id -g; id -G; hostname; cat /proc/sys/net/ipv4/ip_local_port_range')).toBe(
    '1000\n1001\n1001 3000\nwho.sub.default.svc.cluster.local\n20000\t20100\n',
  )
  // Without a word a program may gain rights, as with any kubelet; a shared process namespace shows the other containers.
  const rights = 'grep -E "NoNewPrivs|CapBnd" /proc/self/status | tr -s "\\t\\n" " "'
  expect(await in_('plain', `${rights}; ls -d /proc/[0-9]* | wc -l`)).toMatch(/CapBnd: 00000000a80425fb NoNewPrivs: 0 \d{1,2}\n/)
  expect(await in_('bound', `${rights}; touch /file 2>&1 || true`)).toBe(
    'CapBnd: 0000000000000000 NoNewPrivs: 1 touch: /file: Read-only file system\n',
  )
  expect(await in_('able', `${rights}; mkdir /tmp/new 2>&1 || true`)).toBe(
    "CapBnd: 0000000000001000 NoNewPrivs: 0 mkdir: can't create directory '/tmp/new': Operation not permitted\n",
  )
})

test('a seccomp profile and a runtime that the node hasn’t got are said so', async () => {
  const seccompProfile = { type: 'Localhost', localhostProfile: 'nope.json' }
  await run('unprofiled', { securityContext: { seccompProfile } })
  const waiting = ({ status }: Pod) => status?.containerStatuses?.[0]?.state?.waiting
  const pod = await podThat('unprofiled', (now) => waiting(now)?.reason === 'CreateContainerConfigError')
  expect(waiting(pod)?.message).toMatch(/^seccomp profile nope.json can't be read on this node .*; put it into /)
  await cluster.client.create(RUNTIME_CLASSES, { metadata: { name: 'kata' }, handler: 'kata' } as never)
  await run('classy', { runtimeClassName: 'kata' })
  const told = async () => (await pods.events('classy')).find(({ reason }) => reason === 'FailedCreatePodSandBox')?.message
  expect(await waitFor('the missing runtime is told', told)).toMatch(/Failed to create pod sandbox: .*runtime.*kata/i)
})

test('cpu and memory of a running container are changed in place, its image by a restart of it alone', async () => {
  const resources = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '200m', memory: '32Mi' } }
  await run('resized', {
    containers: [
      { ...SLEEP, resources },
      { ...SLEEP, name: 'other' },
    ],
  })
  const before = await podThat('resized', podIsReady)
  const statusOf = ({ status }: Pod, name: string) => status?.containerStatuses?.find((one) => one.name === name)
  const limits = { cpu: '500m', memory: '64Mi' }
  const body = { spec: { containers: [{ name: 'c', resources: { requests: { memory: '64Mi' }, limits } }] } }
  const ref = { namespace: 'default', name: 'resized' }
  await cluster.client.patch(PODS, { ...ref, subresource: 'resize' }, { type: 'strategic', body })
  const after = await podThat('resized', (pod) => statusOf(pod, 'c')?.resources?.limits?.cpu === '500m')
  expect(statusOf(after, 'c')).toMatchObject({ restartCount: 0, allocatedResources: { memory: '64Mi' } })
  const id = (statusOf(after, 'c')?.containerID ?? '').replace('docker://', '')
  const asked = '{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}}'
  expect(await cluster.host(0).docker('inspect', '-f', asked, id)).toBe(`${64 * 2 ** 20} 50000\n`)

  await importBusybox(cluster.host(0), 'bb:2')
  await cluster.kubectlOk(['set', 'image', 'pod/resized', 'c=bb:2'])
  const changed = await podThat('resized', (pod) => statusOf(pod, 'c')?.restartCount === 1 && podIsReady(pod))
  expect(statusOf(changed, 'c')).toMatchObject({ image: 'bb:2' })
  expect(statusOf(changed, 'other')?.containerID).toBe(statusOf(before, 'other')?.containerID)
  const killing = async () => (await pods.events('resized')).find(({ reason }) => reason === 'Killing')?.message
  expect(await waitFor('the restart is told', killing)).toBe('Container c definition changed, will be restarted')
})

test('an image is a volume: its very files, read-only, whole or a part, gone with the last pod', async () => {
  const host = cluster.host(0)
  await importBusybox(host, 'data:1', { files: { 'model/weights.txt': 'w', 'model/old.txt': 'o', 'readme.txt': 'r' } })
  await run('reader', {
    containers: [
      {
        ...SLEEP,
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: 'data', mountPath: '/part', subPath: 'model' },
        ],
      },
    ],
    volumes: [{ name: 'data', image: { reference: 'data:1', pullPolicy: 'Never' } }],
  })
  await podThat('reader', podIsReady)
  expect(await sh('reader', 'ls -A /data; cat /data/readme.txt /part/weights.txt')).toBe('bin\nmodel\nreadme.txt\ntmp\nrw')
  await expect(sh('reader', 'touch /data/x')).rejects.toThrow('Read-only file system')
  await expect(sh('reader', 'touch /part/x')).rejects.toThrow('Read-only file system')
  expect(await host.docker('ps', '-aq', '--filter', 'name=skiff_unpack')).toBe('')

  await run('hopeful', {
    containers: [{ ...SLEEP, volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    volumes: [{ name: 'data', image: { reference: 'nowhere:1', pullPolicy: 'Never' } }],
  })
  const why = 'MountVolume.SetUp failed for volume "data" : ErrImageNeverPull: Container image "nowhere:1" is not present'
  await waitFor('it is told why', async () => (await pods.events('hopeful')).some(({ message = '' }) => message.startsWith(why)))
  await cluster.kubectlOk(['delete', 'pod', 'reader', 'hopeful', '--timeout=120s'])
  const kept = join(cluster.folder, `agent-${host.name}`, 'image-volumes')
  await waitFor('its files are removed', () => readdirSync(kept).length === 0)
})

test('a container that writes beyond its limit of local storage is evicted', async () => {
  const command = ['sh', '-c', 'head -c 3000000 /dev/zero > /tmp/much; sleep 3600']
  await run('greedy', { containers: [{ ...SLEEP, command, resources: { limits: { 'ephemeral-storage': '1Mi' } } }] })
  const pod = await podThat('greedy', ({ status }) => status?.phase === 'Failed')
  const message = 'Container c exceeded its local ephemeral storage limit "1Mi". '
  expect(pod.status).toMatchObject({ reason: 'Evicted', message })
})

test('a container that eats all memory, and one that forks without end, harm nobody else', async () => {
  const hungry = "x=$(head -c 4000000 /dev/zero | tr '\\0' x); while :; do x=$x$x; done"
  const requests = { cpu: '10m', memory: '16Mi' }
  const limits = { memory: '32Mi', cpu: '500m' }
  await run('hungry', {
    restartPolicy: 'Never',
    containers: [{ ...SLEEP, command: ['sh', '-c', hungry], resources: { requests, limits } }],
  })
  // Each process waits for its child, so that none ends.
  const bomb = 'b() { b & wait; }; b'
  await run('bomb', {
    containers: [{ ...SLEEP, command: ['sh', '-c', bomb], resources: { requests, limits: { ...limits, memory: '512Mi' } } }],
  })
  const killed = await podThat('hungry', ({ status }) => status?.phase === 'Failed')
  expect(killed.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 })
  await run('bystander', {})
  await podThat('bystander', podIsReady)
  expect(await sh('bystander', 'echo alive')).toBe('alive\n')
  await cluster.kubectlOk(['delete', 'pod', 'hungry', 'bomb', 'bystander', '--timeout=120s'])
})

test('a log without end is kept in a few files of bounded size', async () => {
  const line = 'x'.repeat(500)
  await run('flood', {
    containers: [{ ...SLEEP, command: ['sh', '-c', `yes ${line} | head -c 26000000; echo; echo over; sleep 3600`] }],
  })
  await waitFor('all is said', async () => (await cluster.kubectlOk(['logs', 'flood', '--tail=1'])) === 'over\n')
  const { status } = await get('flood')
  const id = (status?.containerStatuses?.[0]?.containerID ?? '').replace('docker://', '')
  const path = (await cluster.host(0).docker('inspect', '-f', '{{.LogPath}}', id)).trim()
  const sizes = (await cluster.host(0).exec(['sh', '-c', `stat -c %s ${path}*`])).trim().split('\n').map(Number)
  expect(sizes.length).toBeGreaterThan(1)
  expect(sizes.length).toBeLessThanOrEqual(5)
  expect(Math.max(...sizes)).toBeLessThan(11_000_000)
  await cluster.client.delete(PODS, { namespace: 'default', name: 'flood' })
})

test('a follower of a fast writer misses and repeats nothing, however often its log is rotated meanwhile', async () => {
  const lines = 250_000
  const write = `awk 'BEGIN { for (i = 0; i < ${lines}; i++) print i, "${'x'.repeat(150)}" }'`
  const command = ['sh', '-c', `echo ready; until [ -e /tmp/go ]; do sleep 0.1; done; ${write}`]
  await run('chatty', { restartPolicy: 'Never', containers: [{ ...SLEEP, command }] })
  await podThat('chatty', podIsReady)
  await using follower = new RunningKubectl(cluster.kubeconfig, ['logs', '-f', 'chatty'])
  await waitFor('the follower follows', () => follower.output === 'ready\n')
  await sh('chatty', 'touch /tmp/go')
  expect(await follower.ended()).toBe(0)
  const numbers = follower.output
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(' ')[0]))
  expect(numbers.length).toBe(lines)
  expect(numbers.findIndex((number, index) => number !== index)).toBe(-1)
  await cluster.client.delete(PODS, { namespace: 'default', name: 'chatty' })
})

test('a host port that something else holds is told by an event, and other pods run', async () => {
  await cluster.host(0).exec(['busybox', 'httpd', '-p', '8077', '-h', '/'])
  await run('blocked', { containers: [{ ...SLEEP, ports: [{ containerPort: 80, hostPort: 8077 }] }] })
  await run('free', { containers: [{ ...SLEEP, ports: [{ containerPort: 80, hostPort: 8078 }] }] })
  await podThat('free', podIsReady)
  const said = await waitFor('an event says so', async () => {
    const { items } = await cluster.client.list<Event>(EVENTS, { namespace: 'default' })
    return items.find(({ reason, involvedObject }) => reason === 'HostPortConflict' && involvedObject.name === 'blocked')?.message
  })
  expect(said).toContain('host port 8077/TCP is already in use on this node')
  await cluster.host(0).exec(['pkill', '-f', 'httpd -p 8077'])
  await podThat('blocked', podIsReady)
  await cluster.kubectlOk(['delete', 'pod', 'blocked', 'free', '--timeout=120s'])
})

test('pods have one host port together where address or protocol differ', async () => {
  const host = cluster.host(0)
  const script = 'mkdir /www && hostname > /www/hostname && exec httpd -f -p 80 -h /www'
  const at = (hostIP: string, protocol = 'TCP') => ({
    containers: [{ ...SLEEP, command: ['sh', '-c', script], ports: [{ containerPort: 80, hostPort: 8079, hostIP, protocol }] }],
  })
  const specs = { inside: at('127.0.0.1'), outside: at(host.ip), aside: at(host.ip, 'UDP') }
  for (const [name, spec] of Object.entries(specs)) await run(name, spec)
  for (const name of Object.keys(specs)) await podThat(name, podIsReady)
  const answerAt = (address: string) =>
    waitFor(`${address} answers`, () => host.exec(['curl', '-sSf', '-m', '20', `http://${address}:8079/hostname`]))
  expect(await answerAt('127.0.0.1')).toBe('inside\n')
  expect(await answerAt(host.ip)).toBe('outside\n')
  await cluster.kubectlOk(['delete', 'pod', ...Object.keys(specs), '--timeout=120s'])
})

test('what a deleted pod has said can still be read for a while', async () => {
  await run('gone', { containers: [{ ...SLEEP, command: ['sh', '-c', 'echo said and done; sleep 3600'] }] })
  await waitFor('it has spoken', async () => (await cluster.kubectlOk(['logs', 'gone'])) === 'said and done\n')
  await cluster.client.delete(PODS, { namespace: 'default', name: 'gone' })
  await waitFor('the pod is gone', () => pods.isGone('gone'))
  expect(await cluster.skiff('logs', '--deleted', 'gone')).toMatchObject({ code: 0, stdout: 'said and done\n' })
  const raw = '/api/v1/namespaces/default/pods/gone/log?deleted=true&tailLines=1'
  expect(await cluster.kubectlOk(['get', '--raw', raw])).toBe('said and done\n')
  expect((await cluster.skiff('logs', '--deleted', 'never')).stderr).toContain('no log of a deleted pod "never" is kept')
})

test('a crash loop waits out its back-off, also when its agent is started again', async () => {
  await run('looping', { containers: [{ ...SLEEP, command: ['false'] }] })
  const before = await podThat(
    'looping',
    ({ status }) =>
      status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff' &&
      status.containerStatuses[0].restartCount === 1,
  )
  const ended = Date.parse(before.status?.containerStatuses?.[0]?.lastState?.terminated?.finishedAt ?? '')
  await cluster.host(0).killAgent()
  await cluster.host(0).startAgent()
  const now = await podThat('looping', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 2)
  const { state, lastState } = now.status?.containerStatuses?.[0] ?? {}
  const third = state?.running ?? state?.terminated ?? lastState?.terminated
  const again = Date.parse(third?.startedAt ?? '')
  expect(again - ended).toBeGreaterThanOrEqual(BACK_OFF_MS - CLOCK_ROUNDING_MS)
  await cluster.client.delete(PODS, { namespace: 'default', name: 'looping' })
})

test('containers outlive their agent, and what happened meanwhile is made good', async () => {
  await run('kept', {})
  await run('killed', {})
  const before = await podThat('kept', podIsReady)
  const killed = await podThat('killed', podIsReady)
  const host = cluster.host(0)
  await host.killAgent()
  await host.docker('kill', (killed.status?.containerStatuses?.[0]?.containerID ?? '').replace('docker://', ''))
  await host.startAgent()
  await podThat('killed', (pod) => podIsReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1)
  expect((await podThat('kept', podIsReady)).status?.containerStatuses).toEqual(before.status?.containerStatuses)
})

test('containers of ours that no pod stands for are taken away, and those of others are left alone', async () => {
  const host = cluster.host(0)
  const { metadata } = await get('kept')
  const [one = ''] = (await host.docker('ps', '-q', '--filter', `label=io.kubernetes.pod.uid=${metadata.uid}`)).split('\n')
  const labels = JSON.parse(await host.docker('inspect', '-f', '{{json .Config.Labels}}', one)) as Record<string, string>
  const orphan = Object.entries({ ...labels, 'io.kubernetes.pod.uid': 'orphan', 'io.kubernetes.pod.name': 'orphan' })
  const asLabels = orphan.flatMap(([name, value]) => ['--label', `${name}=${value}`])
  const id = (await host.docker('create', '--net=none', ...asLabels, 'bb:1', 'sleep', '3600')).trim()
  // It may be found, and taken away, before it runs.
  await host.docker('start', id).catch(() => undefined)
  const foreign = (await host.docker('run', '-d', '--net=none', 'bb:1', 'sleep', '3600')).trim()
  await waitFor('the orphan is gone', async () => !(await host.docker('ps', '-aq', '--no-trunc')).includes(id))
  expect(await host.docker('ps', '-q', '--no-trunc')).toContain(foreign)
  await host.docker('rm', '-f', foreign)
})

test('when memory is short the pod that is furthest beyond its requests goes, and nobody comes who asked for none', async () => {
  // As the last of its commands the sleep would take the shell's place, and give back what that holds.
  const hoard = "x=$(head -c 50000000 /dev/zero | tr '\\0' x); touch /tmp/full; sleep 3600; :"
  await run('important', { priorityClassName: 'system-node-critical' })
  await run('hoarder', {
    containers: [
      { ...SLEEP, command: ['sh', '-c', hoard], readinessProbe: { exec: { command: ['cat', '/tmp/full'] }, timeoutSeconds: 60 } },
    ],
  })
  await podThat('important', podIsReady)
  await podThat('hoarder', podIsReady)
  const host = cluster.host(0)
  const settings = join(cluster.folder, `agent-${host.name}`, 'config.yaml')
  await host.stopAgent()
  writeFileSync(settings, 'evictionHard:\n  memory.available: 99.9%\n')
  await host.startAgent()

  const evicted = await podThat('hoarder', ({ status }) => status?.phase === 'Failed')
  const words =
    /^The node was low on resource: memory\. Threshold quantity: \w+, available: \w+\. Container c was using (\w+), request is 0, has larger consumption of memory\. $/
  expect(evicted.status).toMatchObject({ reason: 'Evicted', message: expect.stringMatching(words) })
  const [, used = '0'] = words.exec(evicted.status?.message ?? '') ?? []
  expect(Number(quantityToBytes(used))).toBeGreaterThan(40_000_000)
  expect(evicted.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
  )
  await waitFor('the node says so, and is tainted', async () => {
    const { status, spec } = await cluster.client.get<Node>(NODES, { name: host.name })
    const pressed = status?.conditions?.some((one) => one.type === 'MemoryPressure' && one.status === 'True')
    return (
      pressed && spec.taints?.some(({ key, effect }) => key === 'node.kubernetes.io/memory-pressure' && effect === 'NoSchedule')
    )
  })
  await run('late', { nodeName: host.name })
  const late = await podThat('late', ({ status }) => status?.phase === 'Failed')
  expect(late.status).toMatchObject({
    reason: 'Evicted',
    message: 'Pod was rejected: The node had condition: [MemoryPressure]. ',
  })

  await host.stopAgent()
  writeFileSync(settings, 'devices:\n  example.com/thing: { count: 1, paths: [/dev/full] }\n')
  await host.startAgent()
  await cluster.nodesReady()
  // While its agent was away, the master may have taken it for unready.
  await podThat('important', podIsReady)
  await run('asking', { containers: [{ ...SLEEP, resources: { limits: { 'example.com/thing': '1' } } }] })
  const asking = await podThat('asking', podIsReady)
  const id = (asking.status?.containerStatuses?.[0]?.containerID ?? '').replace('docker://', '')
  expect(await host.docker('inspect', '-f', '{{range .HostConfig.Devices}}{{.PathOnHost}}{{end}}', id)).toBe('/dev/full\n')
})
