import { DEPLOYMENTS, type Deployment, PODS, type Pod, podIsReady, SERVICES, type Service } from '@skiff/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../packages/cli/src/hosts/index.ts'
import { type Cluster, type ClusterHost, manifest, startCluster } from '../support/cluster.ts'
import { waitFor } from '../support/wait-for.ts'
import { podsOf as allPodsOf, readyPods as allReadyPods } from '../support/workloads.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 2 })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function applyByCurl(body: string): Promise<string> {
  return run(
    'curl',
    ['-sS', '--fail-with-body', '--unix-socket', cluster.socket, '--data-binary', '@-', 'http://skiff/apply'],
    body,
  )
}

const podsOf = (app: string) => allPodsOf(cluster, app)
const readyPods = (app: string, count: number) => allReadyPods(cluster, app, count)

/** A ready pod is reached as soon as the host's proxy has heard of it. */
async function answers(url: string, host?: ClusterHost): Promise<void> {
  const ask = async () => (host ? await host.fetch(url) : await (await fetch(url)).text())
  await waitFor(`${url} answers${host ? ` on ${host.name}` : ''}`, async () => (await ask()).includes('"ok":true'))
}

async function clusterIpOf(name: string): Promise<string> {
  return (await cluster.client.get<Service>(SERVICES, { namespace: 'default', name })).spec.clusterIP ?? ''
}

/** A request from inside a pod, by its Node. */
function fromPod(pod: Pod, url: string): Promise<string> {
  const script = `fetch('${url}').then(async (r) => process.stdout.write(await r.text()))`
  return cluster.kubectlOk(['exec', pod.metadata.name, '--', 'node', '-e', script])
}

describe('the blog on two hosts', () => {
  it('is applied over HTTP and says what it did', async () => {
    const created = await applyByCurl(manifest('blog.yaml'))
    expect(created).toContain('deployment.apps/posts created')
    expect(created).toContain('service/event-bus created')
    for (const app of ['client', 'comments', 'query', 'moderation', 'event-bus']) await readyPods(app, 1)
    await readyPods('posts', 2)
    expect(await applyByCurl(manifest('blog.yaml'))).toContain('deployment.apps/posts unchanged')
  })

  it('runs pods on every host, though the images were built on one', async () => {
    const nodes = new Set((await readyPods('posts', 2)).map((pod) => pod.spec.nodeName))
    expect([...nodes].sort()).toEqual(['node1', 'node2'])
  })

  it('shows in query what was posted through the outside address, on whichever host one asks', async () => {
    const [first, second] = [cluster.host(0), cluster.host(1)]
    const headers = { connection: 'close', 'content-type': 'application/json' }
    for (const { ip } of cluster.hosts)
      for (const port of [31_000, 31_001, 31_002])
        await waitFor(`${ip}:${port} answers`, async () => (await fetch(`http://${ip}:${port}/`, { headers })).status < 500)
    // The services tell one another only for some seconds before they give up.
    for (const host of cluster.hosts)
      for (const name of ['posts', 'comments', 'query', 'moderation', 'event-bus'])
        await answers(`http://${await clusterIpOf(name)}/healthz`, host)
    const answer = await fetch(`http://${first.ip}:31001/posts`, { method: 'POST', headers, body: '{"title":"Ahoy"}' })
    expect(answer.status).toBe(201)
    const { id } = (await answer.json()) as { id: string }
    await waitFor('query shows the post', async () =>
      (await (await fetch(`http://${second.ip}:31002/posts`, { headers })).text()).includes('Ahoy'),
    )
    const comments = `http://${second.ip}:31000/api/posts/${id}/comments`
    const comment = await fetch(comments, { method: 'POST', headers, body: '{"content":"Aye"}' })
    expect(comment.status).toBe(201)
    await waitFor('the comment is moderated', async () =>
      (await (await fetch(`http://${first.ip}:31002/posts`)).text()).includes('"approved"'),
    )
  })

  it('reaches Services by address and by name from pods of every host', async () => {
    for (const pod of await readyPods('posts', 2)) {
      for (const host of [await clusterIpOf('query'), 'query', 'query.default.svc.cluster.local'])
        await waitFor(`${host} answers`, async () => (await fromPod(pod, `http://${host}/healthz`)).includes('"ok":true'))
    }
  })

  it('reaches Services from the hosts themselves', async () => {
    for (const host of cluster.hosts) {
      await answers(`http://${await clusterIpOf('query')}/healthz`, host)
      await answers('http://127.0.0.1:31002/healthz', host)
      await answers(`http://${host.ip}:31002/healthz`, host)
    }
  })

  it('gives every ready endpoint its equal share of connections', async () => {
    await applyByCurl(manifest('hello.yaml'))
    await readyPods('hello', 2)
    const [pod] = await readyPods('query', 1)
    if (!pod) throw new Error('query has no pod')
    const script =
      "const n={};for(let i=0;i<40;i++){const t=await(await fetch('http://hello/',{headers:{connection:'close'}})).text();n[t]=(n[t]??0)+1}console.log(JSON.stringify(Object.values(n)))"
    await waitFor('both copies answer in turn', async () => {
      const output = await cluster.kubectlOk(['exec', pod.metadata.name, '--', 'node', '--input-type=module', '-e', script])
      const shares = JSON.parse(output) as number[]
      return shares.length === 2 && shares.every((share) => share === 20)
    })
  })

  it('serves HTTP Services by name through the gateway of every host', async () => {
    for (const host of cluster.hosts) {
      await waitFor(`the gateway of ${host.name} answers`, async () =>
        /^hello from hello-/.test(await host.exec(['curl', '-sS', '-H', 'Host: hello.default.localhost', 'http://127.0.0.1/'])),
      )
    }
  })

  it('shows logs and runs commands through the API server', async () => {
    const [pod] = await readyPods('hello', 2)
    expect(await cluster.kubectlOk(['logs', pod?.metadata.name ?? ''])).toContain('hello listens on port 80')
    expect(await cluster.kubectlOk(['logs', 'deploy/hello'])).toContain('hello listens on port 80')
    expect(await cluster.kubectlOk(['exec', 'deploy/hello', '--', 'node', '-p', '6 * 7'])).toBe('42\n')
    const failing = await cluster.kubectl(['exec', pod?.metadata.name ?? '', '--', 'node', '-e', 'process.exit(3)'])
    expect(failing.code).toBe(3)
    expect(
      await cluster.kubectlOk(
        ['exec', '-i', 'deploy/hello', '--', 'node', '-e', 'process.stdin.pipe(process.stdout)'],
        'through and back',
      ),
    ).toBe('through and back')
  })

  it('scales, restarts and changes images as kubectl asks', async () => {
    await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=3'])
    await readyPods('hello', 3)
    await cluster.kubectlOk(['rollout', 'restart', 'deploy/hello'])
    expect(await cluster.kubectlOk(['rollout', 'status', 'deploy/hello', '--timeout=120s'])).toContain('successfully rolled out')
    await cluster.kubectlOk(['set', 'image', 'deploy/hello', 'hello=skiff-sample/client:1'])
    await cluster.kubectlOk(['rollout', 'status', 'deploy/hello', '--timeout=120s'])
    await cluster.kubectlOk(['wait', '--for=condition=Available', 'deploy/hello', '--timeout=120s'])
    const images = (await readyPods('hello', 3)).flatMap((pod) => pod.spec.containers.map((container) => container.image))
    expect(new Set(images)).toEqual(new Set(['skiff-sample/client:1']))
  })

  it('removes what is deleted, containers included', async () => {
    await cluster.kubectlOk(['delete', '-f', '-', '--wait=true', '--timeout=120s'], manifest('hello.yaml'))
    await waitFor('the pods are gone', async () => (await podsOf('hello')).length === 0)
    for (const host of cluster.hosts) {
      await waitFor(
        'the containers are gone',
        async () => !(await host.docker('ps', '-a', '--format', '{{.Names}}')).includes('_hello-'),
        120_000,
      )
    }
  })

  it('restarts a container that was killed', async () => {
    const [pod] = await readyPods('moderation', 1)
    const host = cluster.hosts.find(({ name }) => name === pod?.spec.nodeName)
    const [id = ''] =
      (await host?.docker('ps', '-q', '--filter', 'label=io.kubernetes.container.name=moderation'))?.split('\n') ?? []
    await host?.docker('kill', id)
    await waitFor(
      'the container was restarted',
      async () => {
        const [now] = await podsOf('moderation')
        return (
          now?.metadata.uid === pod?.metadata.uid && now?.status?.containerStatuses?.[0]?.restartCount === 1 && podIsReady(now)
        )
      },
      120_000,
    )
  })

  it('replaces the pods of a host that is gone, and the Service answers again', async () => {
    const victim = cluster.host(1)
    await victim.powerOff()
    await waitFor(
      'every pod is ready again, all on the other host',
      async () => {
        const { items } = await cluster.client.list<Deployment>(DEPLOYMENTS, { namespace: 'default' })
        const pods = (await cluster.client.list<Pod>(PODS, { namespace: 'default' })).items.filter(podIsReady)
        const available = items.every((deployment) => deployment.status?.availableReplicas === deployment.spec.replicas)
        return available && pods.length === 7 && pods.every((pod) => pod.spec.nodeName === 'node1')
      },
      120_000,
    )
    await answers(`http://${cluster.host(0).ip}:31002/healthz`)
  })
})
