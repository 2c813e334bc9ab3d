import {
  HORIZONTAL_POD_AUTOSCALERS,
  HORIZONTAL_POD_AUTOSCALERS_V1,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerV1,
} from '@skiff/api'
import { expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../testing.ts'

const REF = { namespace: 'default', name: 'h' }
const TARGET = { kind: 'Deployment', name: 'd1', apiVersion: 'apps/v1' }

test('a v1 autoscaler is answered as Kubernetes 1.20 answered it', async () => {
  await using api = await startTestApiServer()

  const { apiVersion, spec, status } = await createV1(api)

  expect({ apiVersion, spec, status }).toEqual({
    apiVersion: 'autoscaling/v1',
    spec: { scaleTargetRef: TARGET, minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 80 },
    status: { currentReplicas: 0, desiredReplicas: 0 },
  })
})

test('what is written as v1 is read as v2, and the other way round', async () => {
  await using api = await startTestApiServer()
  await createV1(api)

  const v2 = await api.client.get<HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS, REF)
  expect(v2).toMatchObject({
    apiVersion: 'autoscaling/v2',
    spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }] },
  })
  await patchV2(api, { spec: { metrics: [cpu(50)] } })

  const v1 = await api.client.get<HorizontalPodAutoscalerV1>(HORIZONTAL_POD_AUTOSCALERS_V1, REF)
  expect([v1.metadata.uid, v1.spec.targetCPUUtilizationPercentage]).toEqual([v2.metadata.uid, 50])
})

test('a write as v1 loses nothing that only v2 knows', async () => {
  await using api = await startTestApiServer()
  await createV1(api)
  const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } }
  const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } }
  await patchV2(api, { spec: { metrics: [cpu(50), memory], behavior } })
  const v1 = await api.client.get<HorizontalPodAutoscalerV1>(HORIZONTAL_POD_AUTOSCALERS_V1, REF)

  await api.client.update(HORIZONTAL_POD_AUTOSCALERS_V1, { ...v1, spec: { ...v1.spec, maxReplicas: 9 } })

  const { spec, metadata } = await api.client.get<HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS, REF)
  expect([spec.maxReplicas, spec.metrics, spec.behavior?.scaleDown?.stabilizationWindowSeconds]).toEqual([
    9,
    [cpu(50), memory],
    60,
  ])
  expect(metadata.annotations).toBeUndefined()
})

test('lists, watches and tables speak the version that was asked for', async () => {
  await using api = await startTestApiServer()
  await createV1(api)
  const at = (version: string, query: string) => `${api.url}/apis/autoscaling/${version}/horizontalpodautoscalers${query}`

  const list = (await (await fetch(at('v1', ''))).json()) as { kind: string; apiVersion: string; items: object[] }
  const watched = JSON.parse(
    await (await fetch(at('v1', '?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=h'))).text(),
  ) as object
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const table = (await (await fetch(at('v1', ''), { headers: { accept } })).json()) as { rows: { cells: unknown[] }[] }

  expect(list).toMatchObject({ kind: 'HorizontalPodAutoscalerList', apiVersion: 'autoscaling/v1' })
  expect(list.items[0]).toMatchObject({ metadata: { name: 'h' }, spec: { targetCPUUtilizationPercentage: 80 } })
  expect(list.items[0]).not.toHaveProperty('kind')
  expect(watched).toMatchObject({
    type: 'ADDED',
    object: { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 80 } },
  })
  expect(table.rows[0]?.cells.slice(0, 6)).toEqual(['h', 'Deployment/d1', 'cpu: <unknown>/80%', '1', 3, 0])
})

test('patches and deletions of one version are the other version’s as well', async () => {
  await using api = await startTestApiServer()
  await createV1(api)

  const body = { spec: { targetCPUUtilizationPercentage: 70 } }
  await api.client.patch(HORIZONTAL_POD_AUTOSCALERS_V1, REF, { type: 'strategic', body })
  const { spec } = await api.client.get<HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS, REF)
  await api.client.delete(HORIZONTAL_POD_AUTOSCALERS_V1, REF)

  expect(spec.metrics).toEqual([cpu(70)])
  await expect(api.client.get(HORIZONTAL_POD_AUTOSCALERS, REF)).rejects.toMatchObject({ reason: 'NotFound' })
})

test('a v1 autoscaler is refused in the words for what it is stored as', async () => {
  await using api = await startTestApiServer()
  const spec = { minReplicas: 5, maxReplicas: 3, targetCPUUtilizationPercentage: 0, scaleTargetRef: {} }

  const refused = api.client.create(HORIZONTAL_POD_AUTOSCALERS_V1, { metadata: { name: 'bad', namespace: 'default' }, spec })

  await expect(refused).rejects.toMatchObject({
    details: {
      causes: [
        { field: 'spec.maxReplicas', message: 'Invalid value: 3: must be greater than or equal to `minReplicas`' },
        { field: 'spec.scaleTargetRef.kind', message: 'Required value' },
        { field: 'spec.scaleTargetRef.name', message: 'Required value' },
        { field: 'spec.metrics[0].resource.target.averageUtilization', message: 'Invalid value: 0: must be greater than 0' },
      ],
    },
  })
})

function createV1(api: TestApiServer): Promise<HorizontalPodAutoscalerV1> {
  const metadata = { name: 'h', namespace: 'default' }
  return api.client.create(HORIZONTAL_POD_AUTOSCALERS_V1, { metadata, spec: { maxReplicas: 3, scaleTargetRef: TARGET } })
}

function patchV2(api: TestApiServer, body: object): Promise<unknown> {
  return api.client.patch(HORIZONTAL_POD_AUTOSCALERS, REF, { type: 'merge', body })
}

function cpu(averageUtilization: number) {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }
}
