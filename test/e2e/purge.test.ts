import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cgroupOf } from '../../packages/cli/src/hosts/index.ts'
import { skiffOn } from '../support/skiff-on.ts'
import { createTestFabric, type TestFabric, type TestHost } from '../support/test-host.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

const OTHERS_KUBECONFIG =
  'current-context: work\nclusters:\n  - { name: work, cluster: { server: https://work } }\nusers: []\ncontexts: []\n'

/** Of each thing that a cluster leaves on a machine: in memory, on the disk, in the kernel and in Docker. */
const MANIFEST = `
apiVersion: v1
kind: Service
metadata: {name: hello}
spec: {type: NodePort, selector: {app: hello}, ports: [{port: 80, nodePort: 31777}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello}
spec:
  replicas: 2
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      volumes: [{name: fast, emptyDir: {medium: Memory}}, {name: plain, emptyDir: {}}]
      containers:
        - name: main
          image: skiff-test/purge:1
          imagePullPolicy: Never
          command: [sh, -c, 'echo hello > /tmp/index.html; httpd -f -p 80 -h /tmp']
          volumeMounts: [{name: fast, mountPath: /fast}, {name: plain, mountPath: /plain, subPath: deep}]
---
apiVersion: v1
kind: Pod
metadata: {name: door, labels: {app: door}}
spec:
  resources: {limits: {memory: 64Mi}}
  containers: [{name: main, image: skiff-test/purge:1, imagePullPolicy: Never, command: [sleep, '3600'], ports: [{containerPort: 80, hostPort: 8099}]}]
`

let fabric: TestFabric
let host: TestHost
let folder: string

beforeAll(async () => {
  fabric = await createTestFabric()
  host = await fabric.startHost('purged')
  folder = host.host.folder
  mkdirSync(join(folder, 'user', '.kube'), { recursive: true })
  writeFileSync(join(folder, 'user', '.kube', 'config'), OTHERS_KUBECONFIG)
  await importBusybox(host, 'skiff-test/purge:1')
})

afterAll(() => fabric?.[Symbol.asyncDispose]())

const skiff = (args: readonly string[], input?: string) => skiffOn(host, args, input)

/** Everything that could have been left behind. Counters and leases, which change by themselves, are not in it. */
async function machine(): Promise<Record<string, string>> {
  const looks: Record<string, readonly string[]> = {
    nftables: ['nft', '-s', 'list', 'ruleset'],
    iptables: ['sh', '-c', 'iptables-save | grep -v ^#; iptables-save -t nat | grep -v ^#'],
    routes: ['ip', '-4', 'route', 'show', 'table', 'all'],
    rules: ['ip', 'rule'],
    addresses: ['sh', '-c', 'ip -o addr | grep -v inet6'],
    links: ['sh', '-c', 'ip -o link | cut -d: -f2'],
    // Hosts of other tests come and go beside this one.
    mounts: ['sh', '-c', 'cut -d" " -f5 /proc/self/mountinfo | grep -v ^/run/netns/ | sort'],
    processes: ['sh', '-c', 'grep -l skiff /proc/[0-9]*/comm /dev/null; pgrep -fl "main[.]js" || true'],
    run: ['sh', '-c', 'ls /run'],
    cgroups: ['find', '/sys/fs/cgroup', '-path', `*/${cgroupOf(host.host)}/skiff-*`, '-prune', '-name', '*-pod*'],
  }
  const found: Record<string, string> = {
    containers: await host.docker('ps', '-a', '--no-trunc'),
    networks: await host.docker('network', 'ls', '--format', '{{.Name}} {{.Driver}}'),
    volumes: await host.docker('volume', 'ls', '-q'),
    images: await host.docker('images', '--format', '{{.Repository}}:{{.Tag}}'),
    files: readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !/^(docker|cgroup)\b/.test(name))
      .sort()
      .join('\n'),
    kubeconfig: readFileSync(join(folder, 'user', '.kube', 'config'), 'utf8'),
  }
  for (const [name, command] of Object.entries(looks)) found[name] = await host.exec(command)
  return found
}

test('after "down --purge" the machine is as it was before "up", and what is not ours still runs', async () => {
  await host.docker(
    'run',
    '-d',
    '--name',
    'bystander',
    '--label',
    'io.kubernetes.pod.name=of-somebody-else',
    'skiff-test/purge:1',
    'sleep',
    '3600',
  )
  // iptables makes the empty chains of a table when it first writes to it, and nobody ever removes them.
  await host.exec(['sh', '-c', 'iptables -I INPUT -j ACCEPT; iptables -D INPUT -j ACCEPT'])
  const before = await machine()

  await skiff(['up'])
  await skiff(['apply', '-f', '-'], MANIFEST)
  await waitFor('everything runs', async () => JSON.parse(await skiff(['status', '--output', 'json'])).pods.ready === 3, 120_000)
  await waitFor('the Service answers', async () =>
    (await host.exec(['busybox', 'wget', '-qO-', 'http://127.0.0.1:31777/'])).includes('hello'),
  )
  const during = await machine()
  const told = await skiff(['down', '--purge'])

  for (const place of [
    'containers',
    'nftables',
    'iptables',
    'routes',
    'addresses',
    'links',
    'mounts',
    'files',
    'kubeconfig',
    'images',
    'cgroups',
  ] as const) {
    expect([place, during[place]]).not.toEqual([place, before[place]])
  }
  // The kernel takes a network namespace's links away a moment after the last process in it.
  await expect.poll(machine).toEqual({ ...before, containers: expect.stringContaining('bystander') })
  expect((await host.docker('ps', '-a', '--format', '{{.Names}} {{.State}}')).trim()).toBe('bystander running')
  expect(told).toContain('containers and the network of this machine are removed')
  expect(await skiff(['down', '--purge'])).not.toContain('removed from')
})
