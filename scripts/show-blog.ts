/** Waits until the blog of manifests/blog.yaml answers, posts through its outside address, and reads the post back from query. */
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOfNode, DEPLOYMENTS, type Deployment, NODES, type Node } from '@skiff/api'
import { ApiClient } from '@skiff/client'
import { skiffHome } from '../packages/cli/src/home.ts'

const HOME = skiffHome()
const READY_TIMEOUT_MS = 180_000
const ANSWER_TIMEOUT_MS = 20_000
const client = new ApiClient({ server: `unix:${HOME}/master/api.sock`, userAgent: 'skiff-up' })

try {
  await deploymentsReady()
  await showAnswers()
} catch (error) {
  console.error(`skiff: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  client.close()
}

async function deploymentsReady(): Promise<void> {
  const ready = new Map<string, boolean>()
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS)
  const list = await client.list<Deployment>(DEPLOYMENTS, { namespace: 'default', labelSelector: 'part-of=blog' })
  for (const deployment of list.items) note(deployment)
  if ([...ready.values()].every(Boolean)) return
  for await (const event of client.watch<Deployment>(DEPLOYMENTS, {
    namespace: 'default',
    labelSelector: 'part-of=blog',
    resourceVersion: list.resourceVersion,
    signal,
  })) {
    if (event.type !== 'BOOKMARK') note(event.object)
    if ([...ready.values()].every(Boolean)) return
  }
  const waiting = [...ready].filter(([, done]) => !done).map(([name]) => name)
  throw new Error(
    `${waiting.join(', ')} did not become ready within ${READY_TIMEOUT_MS / 1000} s; "npx skiff get pods" and "kubectl describe pods" say why`,
  )

  function note(deployment: Deployment): void {
    const { spec, status, metadata } = deployment
    const done =
      status?.observedGeneration === metadata.generation &&
      status?.updatedReplicas === spec.replicas &&
      status?.availableReplicas === spec.replicas
    if (done && ready.get(metadata.name) !== true)
      console.log(`    ${metadata.name} is ready (${status?.availableReplicas}/${spec.replicas})`)
    ready.set(metadata.name, done)
  }
}

async function showAnswers(): Promise<void> {
  const { items } = await client.list<Node>(NODES)
  const address = items[0] && addressOfNode(items[0])
  if (address === undefined) throw new Error('no node has an address')
  const title = `Hello from ${new Date().toISOString()}`
  const post = await answerOf(`http://${address}:31001/posts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title }),
  })
  console.log(`    POST http://${address}:31001/posts answered ${JSON.stringify(post)}`)
  const deadline = Date.now() + ANSWER_TIMEOUT_MS
  for (;;) {
    const posts = (await answerOf(`http://${address}:31002/posts`)) as { title: string }[]
    if (posts.some((seen) => seen.title === title)) break
    if (Date.now() > deadline)
      throw new Error(`the post did not appear in http://${address}:31002/posts within ${ANSWER_TIMEOUT_MS / 1000} s`)
    await sleep(100)
  }
  console.log(`    GET http://${address}:31002/posts shows it; the web page is http://${address}:31000/`)
}

async function answerOf(url: string, options: RequestInit = {}): Promise<unknown> {
  const deadline = Date.now() + ANSWER_TIMEOUT_MS
  for (;;) {
    try {
      const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(5_000) })
      if (answer.ok) return await answer.json()
      throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${url} does not answer: ${error instanceof Error ? error.message : error}`)
      await sleep(200)
    }
  }
}
