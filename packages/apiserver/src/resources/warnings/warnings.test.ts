/** What a client is advised against, and that it is told only when it asks for something new. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../testing.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer()
})
afterAll(() => api.close())

async function warningsOf(method: string, path: string, body: object): Promise<string[]> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const response = await fetch(api.url + path, { method, body: JSON.stringify(body), headers: { 'content-type': type } })
  expect(response.ok, await response.text()).toBe(true)
  const header = response.headers.get('warning') ?? ''
  return [...header.matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)].map(([, quoted]) => JSON.parse(quoted ?? '') as string)
}

const POD = '/api/v1/namespaces/default/pods?dryRun=All'
const container = (more: object = {}) => ({ name: 'c', image: 'x', ...more })
const pod = (spec: object, metadata: object = {}) => ({
  metadata: { name: 'a', ...metadata },
  spec: { containers: [container()], ...spec },
})
const NO_MATCH = 'a null labelSelector results in matching no pod'

test.each<[string, object, string[]]>([
  [
    'old labels of nodes',
    pod({
      nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }] }],
          },
        },
      },
    }),
    [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
    ],
  ],
  [
    'selectors that match nothing',
    pod({
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
    }),
    [
      `spec.topologySpreadConstraints[0].labelSelector: ${NO_MATCH}`,
      `spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: ${NO_MATCH}`,
    ],
  ],
  [
    'variables that hide others, but not those that go on from them',
    pod({
      containers: [
        container({
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '$(A)2' },
            { name: 'A', value: '3' },
          ],
        }),
      ],
    }),
    ['spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply'],
  ],
  [
    'ports that are declared twice',
    pod({
      initContainers: [container({ name: 'i', ports: [{ containerPort: 80 }] })],
      containers: [container({ ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] })],
    }),
    ['spec.containers[0].ports[0]: duplicate port definition with spec.initContainers[0].ports[0]'],
  ],
  [
    'parts of bytes, and lists with repetitions',
    pod({
      containers: [container({ resources: { limits: { memory: '1500m' }, requests: { memory: '1' } } })],
      imagePullSecrets: [{ name: 's' }, { name: 's' }],
    }),
    [
      'spec.imagePullSecrets[1].name: duplicate name "s"',
      'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ],
  [
    'a name that is no host name',
    pod({}, { name: 'a.b' }),
    [
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    ],
  ],
])('a pod is advised against %s', async (_, body, expected) => {
  expect(await warningsOf('POST', POD, body)).toEqual(expected)
})

test('a Deployment is advised when its spec is new, not when it is only labelled or counted', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const spec = { containers: [container()], nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }
  const template = { metadata: { labels: { a: 'b' } }, spec }
  const advice = 'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'
  const body = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } }
  expect(await warningsOf('POST', path, body)).toEqual([advice])
  expect(await warningsOf('PATCH', `${path}/d`, { metadata: { labels: { c: 'd' } } })).toEqual([])
  expect(await warningsOf('PATCH', `${path}/d/status`, { status: { replicas: 1 } })).toEqual([])
  expect(await warningsOf('PATCH', `${path}/d/scale`, { spec: { replicas: 2 } })).toEqual([advice])
})

test.each<[string, object, string[]]>([
  [
    '/api/v1/namespaces/default/services',
    { spec: { clusterIP: 'None', sessionAffinity: 'ClientIP', ports: [{ port: 80 }] } },
    ['spec.SessionAffinity is ignored for headless services'],
  ],
  [
    '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
    {
      metadata: { annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
      spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
    },
    [`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`],
  ],
  [
    '/api/v1/namespaces/default/persistentvolumeclaims',
    {
      metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1500m' } } },
    },
    [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ],
  [
    '/api/v1/persistentvolumes',
    {
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        persistentVolumeReclaimPolicy: 'Recycle',
        hostPath: { path: '/x' },
      },
    },
    [
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    ],
  ],
  ['/api/v1/namespaces/default/endpoints', {}, ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice']],
])('%s is advised as well', async (path, { metadata, ...rest }: { metadata?: object }, expected) => {
  const body = { metadata: { name: 'a', ...metadata }, ...rest }
  expect(await warningsOf('POST', `${path}?dryRun=All`, body)).toEqual(expected)
})
