import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestFabric, type TestFabric, type TestHost } from '../support/test-host.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** On the host, which has a /run of its own: the tree and the socket where any user reaches them, and a home. */
const TREE = '/run/tree'
const SOCKET = '/run/engine.sock'
const HOME = '/run/nobody'
const NOBODY = '65534'

const MANIFEST = `
apiVersion: v1
kind: Service
metadata: {name: hello}
spec: {type: NodePort, selector: {app: hello}, ports: [{port: 80, nodePort: 31778}]}
---
apiVersion: v1
kind: Pod
metadata: {name: hello, labels: {app: hello}}
spec:
  resources: {limits: {memory: 128Mi}}
  volumes: [{name: fast, emptyDir: {medium: Memory}}]
  containers:
    - name: main
      image: skiff-test/without-root:1
      imagePullPolicy: Never
      command: [sh, -c, 'echo hello > /fast/index.html; echo hello is served; httpd -f -p 80 -h /fast']
      volumeMounts: [{name: fast, mountPath: /fast}]
`

let fabric: TestFabric
let host: TestHost

beforeAll(async () => {
  fabric = await createTestFabric()
  host = await fabric.startHost('rootless')
  await importBusybox(host, 'skiff-test/without-root:1')
  const socket = host.dockerHost.replace('unix://', '')
  const prepare = `
    set -e
    mkdir -m 755 ${TREE} && mount --bind ${ROOT} ${TREE}
    touch ${SOCKET} && mount --bind ${socket} ${SOCKET} && chmod 666 ${SOCKET}
    mkdir -m 700 ${HOME} && chown ${NOBODY}:${NOBODY} ${HOME}
    mount --bind ${HOME} ${HOME} && mount --make-rshared ${HOME}`
  await host.exec(['sh', '-c', prepare])
})

afterAll(() => fabric?.[Symbol.asyncDispose]())

/** As a user who may do nothing but use the Docker socket. */
function asNobody(command: readonly string[], input = ''): Promise<string> {
  const env = ['env', `HOME=${HOME}`, `DOCKER_HOST=unix://${SOCKET}`, 'SKIFF_HOME=', 'KUBECONFIG=']
  return host.exec([...env, 'setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', ...command], input)
}

const skiff = (args: readonly string[], input = '') => asNobody([join(TREE, 'packages/cli/bin/skiff'), ...args], input)

test('runs pods and Services for a user without root, and takes everything away again', async () => {
  const nftables = await host.exec(['nft', '-s', 'list', 'tables'])
  await asNobody([join(TREE, 'scripts/with-node'), join(TREE, 'scripts/agent-image.ts'), '--docker-host', `unix://${SOCKET}`])

  const told = await skiff(['up', '--agents', '2'])
  await skiff(['apply', '-f', '-'], MANIFEST)
  await waitFor('the pod is ready', async () => JSON.parse(await skiff(['status', '--output', 'json'])).pods.ready === 1, 120_000)
  await waitFor('the Service answers', async () =>
    (await host.exec(['busybox', 'wget', '-qO-', 'http://127.0.0.1:31778/'])).includes('hello'),
  )
  const logged = await skiff(['logs', 'hello'])
  const again = await skiff(['up'])
  const examined = await skiff(['doctor'])
  const inMemory = await host.docker('exec', await containerOf('main'), 'cat', '/proc/mounts')
  await skiff(['down', '--purge'])

  expect(told).toContain('without root: one agent, in a container')
  expect(logged).toContain('hello is served')
  expect(again).toContain('runs already')
  expect(examined).toContain('All is well.')
  expect(inMemory).toMatch(/^tmpfs \/fast tmpfs/m)
  expect(await host.docker('ps', '-aq')).toBe('')
  expect(await host.exec(['nft', '-s', 'list', 'tables'])).toBe(nftables)
  // The kernel takes a network namespace's links away a moment after the last process in it.
  await expect
    .poll(() => host.exec(['sh', '-c', 'ip -o link | grep -c skf || true; iptables-save | grep -c "skiff " || true']))
    .toBe('0\n0\n')
  expect(await asNobody(['find', join(HOME, '.local/state'), '-type', 'f'])).toBe('')
})

async function containerOf(name: string): Promise<string> {
  return (await host.docker('ps', '-q', '--filter', `label=io.kubernetes.container.name=${name}`)).trim()
}
