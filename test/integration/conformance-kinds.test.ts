/** "Should support API operations" and "should manage the lifecycle" of upstream's conformance tests: one life, of every kind. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiCalls, type Json, startApi } from '../support/api-calls.ts'
import { waitFor } from '../support/wait-for.ts'

interface Kind {
  /** `/api/v1` or `/apis/<group>/<version>`, then the plural; `*` where a namespace goes. */
  readonly path: string
  readonly body: Json
  /** What /status is given; absent: the kind has none. */
  readonly status?: Json
  /** Labels and annotations can't come with the status. */
  readonly statusKeepsMetadata?: true
}

const LABELS = { matchLabels: { a: 'b' } }
const TEMPLATE = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } }
const TASK = { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'x' }] } }
const PATCHED = { type: 'StatusPatched', status: 'True', reason: 'E2E', message: 'patched' }
const DATED = { ...PATCHED, lastTransitionTime: '2020-01-01T00:00:00Z' }
const VIEW = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }
const AUTOSCALER = { spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' } } }
const NO_RESOURCE = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] }] }
/** A request for CN=e2e, O=test. */
const CSR = `-----BEGIN CERTIFICATE REQUEST-----
MIHXMH8CAQAwHTENMAsGA1UECgwEdGVzdDEMMAoGA1UEAwwDZTJlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAESAk219ZVY9AQja8vDE7Q5PhtV0dQEuZKray5IyDr
8cFAfF8xKdsxw3FujnoCAV5l/7ccQsvUX55gmAJPpzqc+6AAMAoGCCqGSM49BAMC
A0gAMEUCIESmRUfYDPH0MPkuVjz4jJ1iRRXsV4I9xqd/9SdV9TDWAiEAn7Mvzw/n
htvt8dHvXe/MyD9woyrmZfuyrl0wkbD05uo=
-----END CERTIFICATE REQUEST-----
`

const KINDS: readonly Kind[] = [
  { path: '/api/v1/*/configmaps', body: { data: { a: 'b' } } },
  { path: '/api/v1/*/secrets', body: {} },
  { path: '/api/v1/*/endpoints', body: { subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80 }] }] } },
  {
    path: '/api/v1/*/events',
    body: { involvedObject: { namespace: '*' }, message: 'm', reason: 'Test', type: 'Normal', count: 1 },
  },
  { path: '/api/v1/*/limitranges', body: { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } } },
  {
    path: '/api/v1/*/persistentvolumeclaims',
    body: { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'x', resources: { requests: { storage: '1Gi' } } } },
    status: { phase: 'Pending', conditions: [PATCHED] },
  },
  {
    path: '/api/v1/persistentvolumes',
    body: {
      spec: {
        ...{ accessModes: ['ReadWriteOnce'], storageClassName: 'x', capacity: { storage: '1Gi' } },
        csi: { driver: 'e2e', volumeHandle: 'e2e' },
      },
    },
    status: { message: 'StatusPatched', reason: 'E2E' },
  },
  {
    path: '/api/v1/*/pods',
    // Nobody gives it a node, or takes it away because there is none.
    body: { spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'x' }] } },
    status: { message: 'patched' },
  },
  { path: '/api/v1/*/podtemplates', body: { template: TEMPLATE } },
  {
    path: '/api/v1/*/replicationcontrollers',
    body: { spec: { replicas: 0, selector: { a: 'b' }, template: TEMPLATE } },
    status: { conditions: [PATCHED] },
  },
  { path: '/api/v1/*/resourcequotas', body: { spec: { hard: { pods: '500' } } }, status: { hard: { pods: '500' } } },
  { path: '/api/v1/*/serviceaccounts', body: {} },
  {
    path: '/api/v1/*/services',
    body: { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
    status: { conditions: [DATED] },
  },
  {
    path: '/apis/apps/v1/*/deployments',
    body: { spec: { replicas: 0, selector: LABELS, template: TEMPLATE } },
    status: { conditions: [PATCHED] },
  },
  {
    path: '/apis/apps/v1/*/daemonsets',
    body: { spec: { selector: LABELS, template: TEMPLATE } },
    status: { conditions: [PATCHED] },
  },
  {
    path: '/apis/apps/v1/*/replicasets',
    body: { spec: { replicas: 0, selector: LABELS, template: TEMPLATE } },
    status: { conditions: [PATCHED] },
  },
  {
    path: '/apis/apps/v1/*/statefulsets',
    body: { spec: { replicas: 0, serviceName: 's', selector: LABELS, template: TEMPLATE } },
    status: { conditions: [PATCHED] },
  },
  { path: '/apis/apps/v1/*/controllerrevisions', body: { revision: 2, data: { raw: 'x' } } },
  { path: '/apis/batch/v1/*/jobs', body: { spec: { suspend: true, template: TASK } }, status: { conditions: [PATCHED] } },
  {
    path: '/apis/batch/v1/*/cronjobs',
    body: { spec: { suspend: true, schedule: '* */1 * * ?', jobTemplate: { spec: { template: TASK } } } },
    status: { lastScheduleTime: '2020-01-01T00:00:00Z' },
  },
  {
    path: '/apis/autoscaling/v1/*/horizontalpodautoscalers',
    body: AUTOSCALER,
    status: { currentReplicas: 1, desiredReplicas: 1 },
  },
  {
    path: '/apis/autoscaling/v2/*/horizontalpodautoscalers',
    body: AUTOSCALER,
    status: { currentReplicas: 1, desiredReplicas: 1 },
  },
  {
    path: '/apis/policy/v1/*/poddisruptionbudgets',
    body: { spec: { minAvailable: 1, selector: LABELS } },
    status: { conditions: [DATED] },
  },
  {
    path: '/apis/networking.k8s.io/v1/*/ingresses',
    body: { spec: { defaultBackend: { service: { name: 'b', port: { number: 80 } } } } },
    status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
  },
  { path: '/apis/networking.k8s.io/v1/ingressclasses', body: { spec: { controller: 'example.com/controller' } } },
  { path: '/apis/networking.k8s.io/v1/*/networkpolicies', body: { spec: { podSelector: {} } } },
  {
    path: '/apis/networking.k8s.io/v1/servicecidrs',
    body: { spec: { cidrs: ['10.199.0.0/24'] } },
    status: { conditions: [DATED] },
  },
  { path: '/apis/rbac.authorization.k8s.io/v1/*/roles', body: { rules: [] } },
  { path: '/apis/rbac.authorization.k8s.io/v1/clusterroles', body: { rules: [] } },
  { path: '/apis/rbac.authorization.k8s.io/v1/*/rolebindings', body: { roleRef: VIEW } },
  { path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', body: { roleRef: VIEW } },
  { path: '/apis/storage.k8s.io/v1/storageclasses', body: { provisioner: 'e2e-fake-provisioner' } },
  { path: '/apis/storage.k8s.io/v1/csidrivers', body: { spec: {} } },
  { path: '/apis/storage.k8s.io/v1/csinodes', body: { spec: { drivers: [] } } },
  { path: '/apis/storage.k8s.io/v1/*/csistoragecapacities', body: { storageClassName: 'x' } },
  {
    path: '/apis/storage.k8s.io/v1/volumeattachments',
    body: { spec: { attacher: 'e2e.csi', nodeName: 'n', source: { persistentVolumeName: 'pv' } } },
    status: { attached: true },
  },
  { path: '/apis/storage.k8s.io/v1/volumeattributesclasses', body: { driverName: 'e2e', parameters: { a: 'b' } } },
  { path: '/apis/scheduling.k8s.io/v1/priorityclasses', body: { value: 1 } },
  {
    path: '/apis/coordination.k8s.io/v1/*/leases',
    body: { spec: { holderIdentity: 'holder', leaseTransitions: 0, acquireTime: '2020-01-01T00:00:00.000001Z' } },
  },
  {
    path: '/apis/discovery.k8s.io/v1/*/endpointslices',
    body: { addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4'], conditions: {} }], ports: [] },
  },
  { path: '/apis/node.k8s.io/v1/runtimeclasses', body: { handler: 'e2e' } },
  {
    path: '/apis/events.k8s.io/v1/*/events',
    body: {
      ...{ regarding: { namespace: '*' }, note: 'n', reason: 'Test', action: 'Do', type: 'Normal' },
      ...{ eventTime: '2020-01-01T00:00:00.000001Z', reportingController: 'test', reportingInstance: 'i' },
    },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    body: { spec: { matchConstraints: NO_RESOURCE, validations: [{ expression: 'true' }] } },
    status: { conditions: [DATED] },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
    body: { spec: { policyName: 'none', validationActions: ['Deny'] } },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies',
    body: {
      spec: {
        ...{ reinvocationPolicy: 'Never', matchConstraints: NO_RESOURCE },
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
      },
    },
  },
  { path: '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings', body: { spec: { policyName: 'none' } } },
  { path: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', body: { webhooks: [] } },
  { path: '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', body: { webhooks: [] } },
  {
    path: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    body: {
      spec: { request: Buffer.from(CSR).toString('base64'), signerName: 'example.com/e2e', usages: ['digital signature'] },
    },
    status: { conditions: [PATCHED] },
  },
  {
    path: '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    body: {
      spec: {
        ...{ matchingPrecedence: 9999, priorityLevelConfiguration: { name: 'global-default' } },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'nobody' } }],
            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          },
        ],
      },
    },
    status: { conditions: [PATCHED] },
    statusKeepsMetadata: true,
  },
  {
    path: '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    body: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } } },
    status: { conditions: [PATCHED] },
    statusKeepsMetadata: true,
  },
]

const NAMESPACE = 'kinds'
/** Deleted objects of these stay until somebody else (a controller) lets them go. */
const HELD = new Set(['persistentvolumes', 'persistentvolumeclaims', 'servicecidrs'])

let api: ApiCalls

beforeAll(async () => {
  api = await startApi()
  await api.namespace(NAMESPACE)
}, 120_000)

afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const LABELLED = KINDS.map((kind, index) => ({ ...kind, label: `kind-${index}` }))

test.concurrent.each(LABELLED)('$path', async ({ path, body, status, statusKeepsMetadata, label }) => {
  const collection = path.replace('*', `namespaces/${NAMESPACE}`)
  const selector = `labelSelector=e2e%3D${label}`
  const object = { metadata: { generateName: 'e2e-', labels: { e2e: label } }, ...inNamespace(body) }
  const { status: code, body: created } = await api.post(collection, object)
  expect([code, code === 201 ? '' : created.message]).toEqual([201, ''])
  await Promise.all([api.post(collection, object), api.post(collection, object)])
  const own = `${collection}/${created.metadata.name}`

  expect((await api.get(own)).body.metadata.uid).toBe(created.metadata.uid)
  const { body: list } = await api.get(`${collection}?${selector}`)
  expect(list.items).toHaveLength(3)
  expect((await api.get(`${path.replace('*/', '')}?${selector}`)).body.items).toHaveLength(3)
  const revision = list.metadata.resourceVersion
  using watched = await api.watch(`${collection}?watch=true&resourceVersion=${revision}&${selector}`)

  const patched = await api.patch(own, { metadata: { annotations: { patched: 'true' } } })
  expect(patched.body.metadata.annotations.patched).toBe('true')
  expect(BigInt(patched.body.metadata.resourceVersion)).toBeGreaterThan(BigInt(created.metadata.resourceVersion))
  const updated = await api.change(own, ({ metadata }) => Object.assign(metadata.annotations, { updated: 'true' }))
  expect(updated.body.metadata.annotations).toMatchObject({ patched: 'true', updated: 'true' })
  await watched.until('both', ({ type, object: { metadata } }) => type === 'MODIFIED' && metadata.annotations?.updated === 'true')

  if (status !== undefined) await livesItsStatus(own, status, statusKeepsMetadata !== true)

  expect([200, 202]).toContain((await api.delete(own)).status)
  expect((await api.delete(`${collection}?${selector}`)).status).toBe(200)
  if (HELD.has(collection.split('/').at(-1) ?? '')) return
  await waitFor('all are gone', async () => (await api.get(`${collection}?${selector}`)).body.items.length === 0)
  await watched.until('the last deletion', () => watched.events.filter(({ type }) => type === 'DELETED').length === 3)
})

async function livesItsStatus(own: string, status: Json, takesMetadata: boolean): Promise<void> {
  expect((await api.get(`${own}/status`)).body.kind).toBe((await api.get(own)).body.kind)
  const patched = await api.patch(`${own}/status`, { metadata: { annotations: { patchedstatus: 'true' } }, status })
  expect(patched.body.status).toMatchObject(status)
  expect(patched.body.metadata.annotations.patchedstatus).toBe(takesMetadata ? 'true' : undefined)
  const updated = await api.change(`${own}/status`, ({ metadata }) =>
    Object.assign(metadata.annotations, { updatedstatus: 'true' }),
  )
  expect(updated.body.metadata?.annotations.updatedstatus).toBe(takesMetadata ? 'true' : undefined)
}

/** Events name the namespace of what they are about. */
function inNamespace(body: Json): Json {
  return JSON.parse(JSON.stringify(body).replaceAll('"*"}', `"${NAMESPACE}"}`)) as Json
}
