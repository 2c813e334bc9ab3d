import type { ConfigMap, Container, Pod, Secret, Service } from '@skiff/api'
import { expect, test } from 'vitest'
import { parseEnvFile } from './env-file.ts'
import { environment } from './environment.ts'
import { expand } from './expand.ts'

const METADATA = { name: 'web', namespace: 'blog', uid: 'u-1', resourceVersion: '1', creationTimestamp: '' }
const POD: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...METADATA, labels: { app: 'web' } },
  spec: { nodeName: 'n1', containers: [], serviceAccountName: 'default' },
}

const settings = { metadata: METADATA, data: { COLOUR: 'blue', SIZE: '3' } } as unknown as ConfigMap
const odd = { metadata: METADATA, data: { '0.log-level': 'debug' } } as unknown as ConfigMap
const secret = { metadata: METADATA, data: { PASSWORD: Buffer.from('geheim').toString('base64') } } as unknown as Secret

const CONFIG = {
  configMap: async (_namespace: string, name: string) => ({ settings, odd })[name],
  secret: async (_namespace: string, name: string) => (name === 'secret' ? secret : undefined),
}

const ENV_FILE = "# what init found out\n\n COLOUR = 'light blue' \nPOEM='one\ntwo # not a comment'\nSIZE=3\nEMPTY=''\n"

function serviceOf(namespace: string, name: string, clusterIP: string, ports: object[]): Service {
  return { metadata: { ...METADATA, namespace, name }, spec: { clusterIP, ports } } as unknown as Service
}

const SERVICES = [
  serviceOf('default', 'kubernetes', '10.96.0.1', [{ name: 'https', port: 443 }]),
  serviceOf('blog', 'my-posts', '10.96.0.5', [{ port: 80 }, { name: 'admin', port: 81, protocol: 'UDP' }]),
  serviceOf('blog', 'headless', 'None', [{ port: 80 }]),
  serviceOf('other', 'elsewhere', '10.96.0.6', [{ port: 80 }]),
]

async function variablesOf(container: Partial<Container>, spec: object = {}): Promise<Record<string, string>> {
  const found = await environment({
    pod: { ...POD, spec: { ...POD.spec, ...spec } },
    container: { name: 'c', ...container },
    downward: { podIp: '10.244.1.2', nodeIp: '10.0.0.7', allocatable: { cpu: '4', memory: '8Gi' } },
    services: SERVICES,
    config: CONFIG,
    envFile: async ({ volume, path }) => (`${volume}/${path}` === 'work/app.env' ? ENV_FILE : undefined),
  })
  return Object.fromEntries(found)
}

test('expands references, leaves unknown ones, and takes $$ for a dollar', () => {
  const lookup = (name: string) => ({ A: '1', EMPTY: '' })[name]
  expect(expand('$(A)-$(EMPTY)-$(NO)-$$(A)-$A-$(', lookup)).toBe('1--$(NO)-$(A)-$A-$(')
})

test('later variables see earlier ones and services', async () => {
  const env = [
    { name: 'A', value: 'a' },
    { name: 'B', value: '$(A)$(C)$(MY_POSTS_SERVICE_HOST)' },
    { name: 'C', value: 'c' },
  ]
  expect(await variablesOf({ env })).toMatchObject({ B: 'a$(C)10.96.0.5', C: 'c' })
})

test('names services of the namespace as Kubernetes and Docker links do, and the API server always', async () => {
  const variables = await variablesOf({})
  expect(variables).toMatchObject({
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
    MY_POSTS_SERVICE_HOST: '10.96.0.5',
    MY_POSTS_SERVICE_PORT: '80',
    MY_POSTS_SERVICE_PORT_ADMIN: '81',
    MY_POSTS_PORT: 'tcp://10.96.0.5:80',
    MY_POSTS_PORT_81_UDP: 'udp://10.96.0.5:81',
    MY_POSTS_PORT_80_TCP_ADDR: '10.96.0.5',
  })
  expect(Object.keys(variables).some((name) => name.startsWith('HEADLESS') || name.startsWith('ELSEWHERE'))).toBe(false)
  const without = await variablesOf({}, { enableServiceLinks: false })
  expect(Object.keys(without).every((name) => name.startsWith('KUBERNETES'))).toBe(true)
})

test('takes whole ConfigMaps and Secrets, with a prefix, under what `env` says', async () => {
  const envFrom = [{ configMapRef: { name: 'settings' }, prefix: 'X_' }, { secretRef: { name: 'secret' } }]
  const env = [{ name: 'PASSWORD', value: 'mine' }]
  expect(await variablesOf({ envFrom, env })).toMatchObject({ X_COLOUR: 'blue', X_SIZE: '3', PASSWORD: 'mine' })
})

test('takes any key of a ConfigMap and any prefix that the API lets through, also what no shell could name', async () => {
  const envFrom = [{ configMapRef: { name: 'odd' }, prefix: '1 [x]:' }]
  const env = [
    { name: 'a b#%', value: 'odd' },
    { name: 'C', value: '$(a b#%) $(1 [x]:0.log-level)' },
  ]
  expect(await variablesOf({ envFrom, env })).toMatchObject({ '1 [x]:0.log-level': 'debug', 'a b#%': 'odd', C: 'odd debug' })
})

test('takes single keys, fields and resources', async () => {
  const env = [
    { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'COLOUR' } } },
    { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'secret', key: 'PASSWORD' } } },
    { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
    { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
    { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu' } } },
  ]
  const resources = { requests: { cpu: '1500m' }, limits: { memory: '64Mi' } }
  const expected = { COLOUR: 'blue', PASSWORD: 'geheim', IP: '10.244.1.2', APP: 'web', MEMORY: '64', CPU: '2' }
  expect(await variablesOf({ env, resources })).toMatchObject(expected)
})

test('says in the kubelet’s words what is missing, and passes over what is optional', async () => {
  const from = (valueFrom: object) => variablesOf({ env: [{ name: 'A', valueFrom }] })
  await expect(variablesOf({ envFrom: [{ configMapRef: { name: 'nope' } }] })).rejects.toThrow('configmap "nope" not found')
  await expect(from({ secretKeyRef: { name: 'nope', key: 'k' } })).rejects.toThrow('secret "nope" not found')
  await expect(from({ configMapKeyRef: { name: 'settings', key: 'k' } })).rejects.toThrow(
    "couldn't find key k in ConfigMap blog/settings",
  )
  expect(await from({ configMapKeyRef: { name: 'nope', key: 'k', optional: true } })).not.toHaveProperty('A')
})

const fileKey = (key: string, more: object = {}) => [
  { name: 'X', valueFrom: { fileKeyRef: { volumeName: 'work', path: 'app.env', key, ...more } } },
]

test.for([
  ['COLOUR', 'light blue'],
  ['POEM', 'one\ntwo # not a comment'],
  ['SIZE', '3'],
  ['EMPTY', ''],
] as const)('%s is read from a file that an init container wrote', async ([key, value]) => {
  expect((await variablesOf({ env: fileKey(key) })).X).toBe(value)
})

test('a file or a key that is not there keeps the container waiting, unless it is optional', async () => {
  await expect(variablesOf({ env: fileKey('NO') })).rejects.toThrow("couldn't find key NO in file app.env of volume work")
  await expect(variablesOf({ env: fileKey('NO', { path: 'no' }) })).rejects.toThrow('file no not found in volume work')
  expect(await variablesOf({ env: fileKey('NO', { path: 'no', optional: true }) })).not.toHaveProperty('X')
})

test('a line that is no assignment is named', () => {
  expect(() => parseEnvFile("A='1'\nexport B\n")).toThrow('invalid environment variable format at line 2')
  expect(() => parseEnvFile("A='1' and more\n")).toThrow('at line 1')
})
