/** Changes of a running application: no request is lost, and a bad change stops by itself. */
import { DEPLOYMENTS, type Deployment, type Pod, podIsReady } from '@skiff/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, manifest, startCluster } from '../support/cluster.ts'
import { Load } from '../support/load.ts'
import { waitFor } from '../support/wait-for.ts'
import { nodePortUrls, podsOf, readyPods } from '../support/workloads.ts'

/** The engine waits for a name server that doesn't answer. */
const LONGEST_PULL_MS = 180_000

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 2, isPatient: true })
  await cluster.kubectlOk(['apply', '-f', '-'], manifest('hello.yaml'))
  await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=4'])
  await waitFor(
    'both hosts run it',
    async () => new Set((await readyPods(cluster, 'hello', 4)).map(({ spec }) => spec.nodeName)).size === 2,
  )
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const deployment = () => cluster.client.get<Deployment>(DEPLOYMENTS, { namespace: 'default', name: 'hello' })
const uidsOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.uid).sort()
const rolledOut = () => cluster.kubectlOk(['rollout', 'status', 'deploy/hello', '--timeout=120s'])
const setEnv = (assignment: string) => cluster.kubectlOk(['set', 'env', 'deploy/hello', assignment])

/** The value of that variable in the pods that stay. */
async function greetings(): Promise<(string | undefined)[]> {
  const staying = (await podsOf(cluster, 'hello')).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return [...new Set(staying.map(({ spec }) => spec.containers[0]?.env?.find(({ name }) => name === 'GREETING')?.value))]
}

async function patch(spec: object): Promise<void> {
  await cluster.kubectlOk(['patch', 'deploy/hello', '--type=merge', '-p', JSON.stringify({ spec })])
}

describe('under load, with a connection for each request', () => {
  it('a rolling update loses none', async () => {
    await using load = new Load(await nodePortUrls(cluster, 'hello'), { clients: 64, pauseMs: 100 })
    await load.goesOn(200)
    const begin = performance.now()
    await cluster.kubectlOk(['rollout', 'restart', 'deploy/hello'])
    await rolledOut()
    const tookMs = performance.now() - begin
    await waitFor('the old pods are gone', async () => (await podsOf(cluster, 'hello')).length === 4)
    await load.goesOn(200)
    await load.stop()
    console.log(
      `rolling update of 4 pods under load: ${Math.round(tookMs)} ms, ${load.answers.length} requests, ${load.failures.length} lost`,
    )
    expect(load.failures).toEqual([])
  })

  it('scaling down and up loses none', async () => {
    await using load = new Load(await nodePortUrls(cluster, 'hello'), { clients: 64, pauseMs: 100 })
    await load.goesOn(200)
    await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=1'])
    await waitFor('one is left', async () => (await podsOf(cluster, 'hello')).length === 1)
    await cluster.kubectlOk(['scale', 'deploy/hello', '--replicas=4'])
    await readyPods(cluster, 'hello', 4)
    await load.goesOn(200)
    await load.stop()
    console.log(`scaling under load: ${load.answers.length} requests, ${load.failures.length} lost`)
    expect(load.failures).toEqual([])
  })

  it('draining a host loses none, and what ran there runs elsewhere', async () => {
    const host = cluster.host(1)
    await using load = new Load(await nodePortUrls(cluster, 'hello'), { clients: 16, pauseMs: 50 })
    await load.goesOn(100)
    expect(await cluster.kubectlOk(['drain', host.name, '--ignore-daemonsets', '--timeout=120s'])).toContain(
      `node/${host.name} drained`,
    )
    const pods = await readyPods(cluster, 'hello', 4)
    expect(pods.map(({ spec }) => spec.nodeName)).not.toContain(host.name)
    await cluster.kubectlOk(['uncordon', host.name])
    await cluster.kubectlOk(['rollout', 'restart', 'deploy/hello'])
    await rolledOut()
    expect((await readyPods(cluster, 'hello', 4)).map(({ spec }) => spec.nodeName)).toContain(host.name)
    await load.goesOn(100)
    await load.stop()
    console.log(`drain under load: ${load.answers.length} requests, ${load.failures.length} lost`)
    expect(load.failures).toEqual([])
  })
})

describe('kubectl rollout', () => {
  it('shows the history, and undoes to the one before and to any', async () => {
    for (const greeting of ['one', 'two', 'three']) {
      await setEnv(`GREETING=${greeting}`)
      await rolledOut()
    }
    const history = await cluster.kubectlOk(['rollout', 'history', 'deploy/hello'])
    const revisions = [...history.matchAll(/^(\d+)\s/gm)].map(([, revision]) => Number(revision))
    const last = revisions.at(-1) ?? 0
    expect(revisions.slice(-3)).toEqual([last - 2, last - 1, last])
    expect(await cluster.kubectlOk(['rollout', 'history', 'deploy/hello', `--revision=${last - 2}`])).toMatch(/GREETING:\s+one/)
    await cluster.kubectlOk(['rollout', 'undo', 'deploy/hello'])
    await rolledOut()
    expect(await greetings()).toEqual(['two'])
    await cluster.kubectlOk(['rollout', 'undo', 'deploy/hello', `--to-revision=${last - 2}`])
    await rolledOut()
    expect(await greetings()).toEqual(['one'])
  })

  it('pauses: changes wait until it goes on', async () => {
    const before = uidsOf(await readyPods(cluster, 'hello', 4))
    await cluster.kubectlOk(['rollout', 'pause', 'deploy/hello'])
    await setEnv('GREETING=paused')
    await waitFor('the controller has seen it', async () => {
      const { status, metadata } = await deployment()
      return (
        status?.observedGeneration === metadata.generation &&
        status?.conditions?.some(({ reason }) => reason === 'DeploymentPaused')
      )
    })
    expect(uidsOf(await readyPods(cluster, 'hello', 4))).toEqual(before)
    await cluster.kubectlOk(['rollout', 'resume', 'deploy/hello'])
    await rolledOut()
    expect(await greetings()).toEqual(['paused'])
  })
})

describe('a bad change', () => {
  it('leaves the last good pods, says when its time is over, and is undone', async () => {
    await patch({ progressDeadlineSeconds: 3 })
    const good = uidsOf(await readyPods(cluster, 'hello', 4))
    await using load = new Load(await nodePortUrls(cluster, 'hello'))
    await cluster.kubectlOk(['set', 'image', 'deploy/hello', 'hello=skiff-sample/nonesuch:1'])
    const late = await waitFor('the deadline is over', async () => {
      const { status } = await deployment()
      return status?.conditions?.find(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded')
    })
    expect(late.message).toMatch(/^ReplicaSet "hello-[a-z0-9]+" has timed out progressing\.$/)
    const status = await cluster.kubectl(['rollout', 'status', 'deploy/hello', '--timeout=60s'])
    expect(status.stderr).toContain('exceeded its progress deadline')
    const ready = (await podsOf(cluster, 'hello')).filter(podIsReady)
    expect(ready.length).toBeGreaterThanOrEqual(3)
    expect(uidsOf(ready).every((uid) => good.includes(uid))).toBe(true)
    await waitFor(
      'the reason stands where kubectl shows it',
      async () => /ErrImagePull|ImagePullBackOff/.test(await cluster.kubectlOk(['get', 'pods'])),
      LONGEST_PULL_MS,
    )
    await patch({ progressDeadlineSeconds: 600 })
    await cluster.kubectlOk(['rollout', 'undo', 'deploy/hello'])
    await rolledOut()
    await load.stop()
    expect(load.failures).toEqual([])
  })

  it('that is ready only for a moment does not count as available', async () => {
    await patch({ strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 4 } } })
    const before = uidsOf(await readyPods(cluster, 'hello', 4))
    const env = [{ name: 'GREETING', value: 'slow' }]
    const template = { spec: { containers: [{ name: 'hello', env }] } }
    // Longer than the test: whoever is ready is so only for a moment.
    const body = { spec: { minReadySeconds: 500, template } }
    await cluster.client.patch(DEPLOYMENTS, { namespace: 'default', name: 'hello' }, { type: 'strategic', body })
    const pods = await readyPods(cluster, 'hello', 8)
    expect(uidsOf(pods)).toEqual(expect.arrayContaining(before))
    const seen = await waitFor('the controller has seen them', async () => {
      const { status } = await deployment()
      return status?.readyReplicas === 8 && status
    })
    // The old ones, by their own rule.
    expect(seen.availableReplicas).toBe(4)
    await patch({ minReadySeconds: 1 })
    await rolledOut()
    expect(await greetings()).toEqual(['slow'])
  })
})
