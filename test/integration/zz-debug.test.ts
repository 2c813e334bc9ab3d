import { startTestAgent } from '@skiff/agent/testing'
import { EVENTS, PODS } from '@skiff/api'
import { startTestApiServer } from '@skiff/apiserver/testing'
import { test } from 'vitest'
import { setTimeout as delay } from 'node:timers/promises'
test('debug', async () => {
  const api = await startTestApiServer({ namespaces: ['default', 'kube-system', 'kube-node-lease'] })
  const agent = await startTestAgent({ client: api.client, logger: { debug: console.log, info: console.log, warn: console.log, error: console.log } } as never)
  const pod = await api.client.create(PODS, { metadata: { name: 'web', namespace: 'default' }, spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'app:1' }] } } as never)
  await delay(1000)
  console.log(JSON.stringify((await api.client.get(PODS, { namespace: 'default', name: 'web' }) as any).status, null, 1))
  console.log(agent.runtime.calls)
  console.log(JSON.stringify((await api.client.list(EVENTS, {})).items.map((e: any) => e.reason)))
  await agent[Symbol.asyncDispose]()
  await api.close()
})
