import { DEPLOYMENTS, type Deployment, findCondition, HORIZONTAL_POD_AUTOSCALERS, type HorizontalPodAutoscaler } from '@skiff/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'
import { readyPods } from '../support/workloads.ts'

const IMAGE = 'skiff-test/busy:1'
/** Busy, half as much again as it asks for, until somebody gives it a rest: from one pod to two, and from two to three. */
const BUSY = 'until [ -f /rest/now ]; do :; done; sleep 3600'
const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: busy}
spec:
  selector: {matchLabels: {app: busy}}
  template:
    metadata: {labels: {app: busy}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: main
          image: ${IMAGE}
          imagePullPolicy: Never
          command: [sh, -c, '${BUSY}']
          resources: {requests: {cpu: 50m}, limits: {cpu: 75m}}
          volumeMounts: [{name: rest, mountPath: /rest}]
      volumes: [{name: rest, hostPath: {path: /run/rest, type: DirectoryOrCreate}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: busy}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: busy}
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 100}}}]
  behavior: {scaleDown: {stabilizationWindowSeconds: 0}}
`
/** A few periods of the autoscaler, and the pods' own beginnings. */
const PATIENCE_MS = 120_000

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, isPatient: true })
  await importBusybox(cluster.host(0), IMAGE)
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const busy = { namespace: 'default', name: 'busy' }
const autoscaler = () => cluster.client.get<HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS, busy)

async function scaledTo(replicas: number): Promise<void> {
  await waitFor(
    `there are to be ${replicas} pods`,
    async () => {
      const { spec } = await cluster.client.get<Deployment>(DEPLOYMENTS, busy)
      if (spec.replicas === replicas) return true
      throw new Error(JSON.stringify((await autoscaler()).status))
    },
    PATIENCE_MS,
  )
}

async function condition(type: string): Promise<string> {
  const { status } = await autoscaler()
  const { status: holds, reason } = findCondition(status?.conditions, type) ?? {}
  return `${holds} ${reason}`
}

test('a Deployment gets more pods while those that it has do too much, and fewer when they rest', async () => {
  await cluster.kubectlOk(['apply', '-f', '-'], MANIFEST)
  await scaledTo(3)
  await readyPods(cluster, 'busy', 3)
  await expect.poll(() => condition('ScalingActive'), { timeout: PATIENCE_MS }).toBe('True ValidMetricFound')
  await expect
    .poll(() => cluster.kubectlOk(['get', 'hpa', 'busy']), { timeout: PATIENCE_MS })
    .toMatch(/^busy +Deployment\/busy +cpu: \d+%\/100% +1 +3 +\d /m)
  await expect
    .poll(() => cluster.kubectlOk(['describe', 'hpa', 'busy']), { timeout: PATIENCE_MS })
    .toMatch(/SuccessfulRescale .* New size: 2; reason: cpu resource utilization \(percentage of request\) above target/)

  // All at once: as soon as some of them rest, others are taken away.
  await cluster.host(0).exec(['touch', '/run/rest/now'])
  await scaledTo(1)
  await readyPods(cluster, 'busy', 1)
})

test('what can not be scaled is told, in the autoscaler’s conditions and by skiff why', async () => {
  await cluster.kubectlOk(['autoscale', 'deployment', 'busy', '--name=rival', '--max=2'])
  await cluster.client.create(
    HORIZONTAL_POD_AUTOSCALERS,
    {
      metadata: { name: 'lost' },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gone' }, maxReplicas: 2 },
    },
    { namespace: 'default' },
  )
  await expect
    .poll(() => cluster.kubectlOk(['describe', 'hpa', 'rival']), { timeout: PATIENCE_MS })
    .toMatch(/ScalingActive +False +AmbiguousSelector/)
  await expect
    .poll(() => cluster.kubectlOk(['describe', 'hpa', 'lost']), { timeout: PATIENCE_MS })
    .toMatch(/AbleToScale +False +FailedGetScale .*deployments\/scale.apps "gone" not found/)
  expect((await cluster.skiff('why', 'hpa', 'lost')).stdout).toContain('"gone" not found')
})
