import { CONFIG_MAPS } from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer } from '../testing.ts'

test('/metrics counts requests, those that are served now, and what is stored', async () => {
  await using api = await startTestApiServer()
  for (const name of ['a', 'b']) await api.client.create(CONFIG_MAPS, { metadata: { namespace: 'default', name } })
  const lines = (await (await fetch(`${api.url}/metrics`)).text()).split('\n')
  const created = 'verb="create",group="",resource="configmaps",subresource=""'
  expect(lines).toContain(`apiserver_request_total{${created},code="201"} 2`)
  expect(lines).toContain(`apiserver_request_duration_seconds_count{${created}} 2`)
  expect(lines).toContain('apiserver_storage_objects{resource="configmaps"} 2')
  expect(lines).toContain('apiserver_storage_objects{resource="deployments.apps"} 0')
  expect(lines).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 0')
  // The one that asks.
  expect(lines).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 1')
})
