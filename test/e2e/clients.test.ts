/** Clients other than kubectl: Helm, and the library that most programs in JavaScript use. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import {
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Status,
  Watch,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { shellWith } from '../support/kubectl.ts'
import { importBusybox, WEB_SERVER } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

const namespace = 'default'
let cluster: Cluster
let config: KubeConfig
let core: CoreV1Api

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false, isPatient: true })
  const host = cluster.host(0)
  const files = { 'www/index.html': 'a page\n' }
  await importBusybox(host, 'web:1', { files, changes: WEB_SERVER })
  config = new KubeConfig()
  config.loadFromFile(cluster.kubeconfig)
  core = config.makeApiClient(CoreV1Api)
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: 'web' },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'web', image: 'web:1' }] },
    },
  })
  await waitFor(
    'the pod runs',
    async () => (await core.readNamespacedPod({ namespace, name: 'web' })).status?.phase === 'Running',
  )
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

describe('@kubernetes/client-node', () => {
  it('lists in pages', async () => {
    for (const name of ['a', 'b', 'c']) {
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { page: 'yes' } } } })
    }
    const first = await core.listNamespacedConfigMap({ namespace, labelSelector: 'page=yes', limit: 2 })
    const _continue = first.metadata?._continue
    if (_continue === undefined) throw new Error('there is no second page')
    const second = await core.listNamespacedConfigMap({ namespace, labelSelector: 'page=yes', limit: 2, _continue })
    expect([...first.items, ...second.items].map(({ metadata }) => metadata?.name)).toEqual(['a', 'b', 'c'])
  })

  it('watches and keeps a copy', async () => {
    const seen: string[] = []
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { labelSelector: 'watched=yes' },
      (type, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name}`),
      () => undefined,
    )
    const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    )
    await informer.start()
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'w', labels: { watched: 'yes' } } } })
    await core.deleteNamespacedConfigMap({ namespace, name: 'w' })
    await waitFor('both are seen', () => seen.join() === 'ADDED w,DELETED w')
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'kept' } } })
    await waitFor('the copy has it', () => informer.get('kept', namespace))
    watching.abort()
    await informer.stop()
  })

  it.each([
    [PatchStrategy.StrategicMergePatch, { data: { s: '1' } }],
    [PatchStrategy.MergePatch, { data: { m: '1' } }],
    [PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/j', value: '1' }]],
  ])('patches by %s', async (strategy, body) => {
    const name = 'patched'
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name }, data: { a: 'b' } } }).catch(() => undefined)
    const patched = await core.patchNamespacedConfigMap({ namespace, name, body }, setHeaderOptions('Content-Type', strategy))
    expect(patched.data).toMatchObject({ a: 'b', [strategy.split(/[/-]/)[1]?.[0] ?? '']: '1' })
  })

  it('applies from the server’s side, and scales', async () => {
    const labels = { app: 'applied' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'applied', namespace },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    }
    const objects = KubernetesObjectApi.makeApiClient(config)
    await objects.patch(deployment, undefined, undefined, 'library', true, PatchStrategy.ServerSideApply)
    const apps = config.makeApiClient(AppsV1Api)
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'applied' })
    await apps.replaceNamespacedDeploymentScale({
      namespace,
      name: 'applied',
      body: { ...scale, metadata: { name: 'applied' }, spec: { replicas: 2 } },
    })
    await waitFor('both run', async () => {
      const { status } = await apps.readNamespacedDeployment({ namespace, name: 'applied' })
      return status?.availableReplicas === 2
    })
  })

  it('throws what the server says', async () => {
    await expect(core.readNamespacedPod({ namespace, name: 'nope' })).rejects.toMatchObject({
      code: 404,
      body: expect.stringContaining('pods \\"nope\\" not found'),
    })
  })

  it('runs commands, with what goes in, what comes out and how it ended', async () => {
    const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const texts = { out: '', err: '' }
    output.on('data', (text) => {
      texts.out += text
    })
    errors.on('data', (text) => {
      texts.err += text
    })
    const command = ['sh', '-c', 'read line; echo "got $line"; echo oops >&2; exit 5']
    const ended = new Promise<V1Status>((resolve, reject) => {
      new Exec(config).exec(namespace, 'web', 'web', command, output, errors, input, false, resolve).catch(reject)
    })
    input.write('this\n')
    const status = await ended
    await waitFor('everything came', () => texts.out === 'got this\n' && texts.err === 'oops\n')
    expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' })
    expect(status.details?.causes).toEqual([{ reason: 'ExitCode', message: '5' }])
  })

  it('forwards a port and follows the log of what answered', async () => {
    const lines = new PassThrough()
    let log = ''
    lines.on('data', (text) => {
      log += text
    })
    const ended = once(lines, 'end')
    await new Log(config).log(namespace, 'web', 'web', lines, { follow: true })

    const forward = new PortForward(config)
    const server = createServer((socket) => {
      forward.portForward(namespace, 'web', [80], socket, null, socket).catch(() => socket.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const socket = connect(address.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (text) => {
      answer += text
    })
    socket.write('GET / HTTP/1.0\r\n\r\n')
    await waitFor('the page came', () => answer.includes('a page'))
    await waitFor('the log tells', () => log.includes('response:200'))
    socket.destroy()
    server.close()
    await core.deleteNamespacedPod({ namespace, name: 'web' })
    await ended
  })
})

describe('helm', () => {
  const chart = join(import.meta.dirname, '..', '..', 'manifests', 'greeter')
  const values = '--set image=web:1 --wait --timeout 2m'

  async function ok(line: string): Promise<string> {
    const { code, stdout, stderr } = await shellWith(cluster.kubeconfig)(line)
    if (code !== 0) throw new Error(`${line}\nended with ${code}: ${stderr}${stdout}`)
    return stdout
  }
  const said = (pod: string) => ok(`kubectl logs ${pod}`)

  it('installs a chart with a kind of its own and hooks, waits until it is ready, and tests it', async () => {
    expect(await ok(`helm install greet ${chart} ${values} --set replicas=1`)).toContain('STATUS: deployed')
    expect(await ok('kubectl get greetings --no-headers')).toMatch(/^greet +Ahoy\n$/)
    expect(await ok('kubectl get deploy greet --no-headers')).toMatch(/^greet +1\/1/)
    expect([await said('greet-before'), await said('greet-after')]).toEqual(['before revision 1\n', 'after revision 1\n'])
    expect(await ok('helm test greet --logs')).toMatch(/Phase: +Succeeded[\s\S]*Ahoy/)
  })

  it('upgrades it, and rolls it back', async () => {
    await ok(`helm upgrade greet ${chart} ${values} --set text=Hello,replicas=2`)
    expect(await ok('kubectl get greeting greet -o jsonpath={.spec.text}')).toBe('Hello')
    expect(await ok('kubectl get deploy greet --no-headers')).toMatch(/^greet +2\/2/)
    expect(await ok('helm test greet')).toMatch(/Phase: +Succeeded/)
    await ok('helm rollback greet 1 --wait --timeout 2m')
    expect(await ok('kubectl get greeting greet -o jsonpath={.spec.text}')).toBe('Ahoy')
    // A roll-back runs the hooks of the revision that it goes back to.
    expect(await said('greet-after')).toBe('after revision 1\n')
    expect(await ok('helm history greet -o json')).toMatch(/superseded.*superseded.*deployed.*Rollback to 1/)
    expect(await ok('helm list')).toMatch(/greet\s+default\s+3\s.*deployed\s+greeter-1\.0\.0/)
  })

  it('refuses what another manager owns, and uninstalls what is its own', async () => {
    const mine = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"greet-page"},"data":{"index.html":"mine"}}'
    await ok(`echo '${mine}' | kubectl apply --server-side --field-manager=other --force-conflicts -f -`)
    const { code, stderr } = await shellWith(cluster.kubeconfig)(`helm upgrade greet ${chart} ${values} --set text=Moin`)
    expect([code, stderr]).toEqual([1, expect.stringContaining('conflict with "other"')])
    expect(await ok('helm uninstall greet --wait')).toContain('release "greet" uninstalled')
    const left = () => ok('kubectl get all,cm,greetings -l app.kubernetes.io/instance=greet -o name')
    await waitFor('nothing is left of it', async () => (await left()) === '')
    expect(await ok('kubectl get crd greetings.example.com -o name')).toContain('greetings.example.com')
  })
})
