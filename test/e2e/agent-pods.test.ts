/** What a pod's spec asks for, on a real Docker daemon: files, volumes, probes, hooks, restarts, logs. */

import { CONFIG_MAPS, isNotFound, PODS, type Pod, podIsReady } from '@skiff/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false })
  const host = cluster.host(0)
  await importBusybox(host as Parameters<typeof importBusybox>[0], 'bb:1')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const SLEEP = { name: 'c', image: 'bb:1', command: ['sleep', '3600'] }

async function run(name: string, spec: object): Promise<void> {
  const body = {
    metadata: { name, namespace: 'default' },
    spec: { containers: [SLEEP], terminationGracePeriodSeconds: 1, ...spec },
  }
  await cluster.client.create<Pod>(PODS, body as never)
}

const get = (name: string) => cluster.client.get<Pod>(PODS, { namespace: 'default', name })

function podThat(name: string, is: (pod: Pod) => unknown): Promise<Pod> {
  return waitFor(`pod ${name} is as expected`, async () => {
    const pod = await get(name)
    if (is(pod)) return pod
    throw new Error(JSON.stringify(pod.status))
  })
}

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
        resources: { limits: { memory: '64Mi', cpu: '500m' } },
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
    command: ['sh', '-c', 'echo side >> /v/log; sleep 3600'],
    volumeMounts,
  }
  const preStop = { exec: { command: ['sh', '-c', 'echo stopping > /v/stopped'] } }
  const app = { ...SLEEP, command: ['sh', '-c', 'echo app >> /v/log; exec sleep 3600'], volumeMounts, lifecycle: { preStop } }
  await run('ordered', {
    initContainers: [init, sidecar],
    containers: [app],
    volumes: [{ name: 'v', hostPath: { path: '/run/ordered' } }],
  })
  const { metadata } = await podThat('ordered', podIsReady)
  expect(await cluster.host(0).exec(['cat', '/run/ordered/log'])).toBe('init\nside\napp\n')
  await cluster.client.delete(PODS, { namespace: 'default', name: 'ordered' })
  await waitFor('the pod is gone', async () => await get('ordered').then(() => false, isNotFound))
  expect(await cluster.host(0).exec(['cat', '/run/ordered/stopped'])).toBe('stopping\n')
  expect(await cluster.host(0).docker('ps', '-aq', '--filter', `label=io.kubernetes.pod.uid=${metadata.uid}`)).toBe('')
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
  expect((await get('kept')).status?.containerStatuses).toEqual(before.status?.containerStatuses)
})

test('containers of ours that no pod stands for are taken away, and those of others are left alone', async () => {
  const host = cluster.host(0)
  const { metadata } = await get('kept')
  const [one = ''] = (await host.docker('ps', '-q', '--filter', `label=io.kubernetes.pod.uid=${metadata.uid}`)).split('\n')
  const labels = JSON.parse(await host.docker('inspect', '-f', '{{json .Config.Labels}}', one)) as Record<string, string>
  const orphan = Object.entries({ ...labels, 'io.kubernetes.pod.uid': 'orphan', 'io.kubernetes.pod.name': 'orphan' })
  const asLabels = orphan.flatMap(([name, value]) => ['--label', `${name}=${value}`])
  const id = (await host.docker('run', '-d', '--net=none', ...asLabels, 'bb:1', 'sleep', '3600')).trim()
  const foreign = (await host.docker('run', '-d', '--net=none', 'bb:1', 'sleep', '3600')).trim()
  await waitFor('the orphan is gone', async () => !(await host.docker('ps', '-aq', '--no-trunc')).includes(id))
  expect(await host.docker('ps', '-q', '--no-trunc')).toContain(foreign)
  await host.docker('rm', '-f', foreign)
})
