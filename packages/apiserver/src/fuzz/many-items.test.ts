import { afterAll, beforeAll, expect, test } from 'vitest'
import { type InProcessServer, startInProcess } from './in-process.ts'

/** Below every limit of size, and far beyond what an algorithm that compares each with each gets done in time. */
const ITEMS = 30_000
/** Of the processor's time, whatever else the machine does. All of them take parts of a second; comparing each with each took many. */
const LONGEST_CPU_MS = 6_000

const JSON_TYPE = 'application/json'
const YAML_TYPE = 'application/yaml'
const CONFIG_MAPS = '/api/v1/namespaces/fuzz/configmaps'
const PODS = '/api/v1/namespaces/fuzz/pods'

let server: InProcessServer
beforeAll(async () => {
  server = await startInProcess()
})
afterAll(() => server.close())

const keys = Array.from({ length: ITEMS }, (_, index) => `k${index}`)
const each = (show: (key: string, index: number) => string) => keys.map(show).join(',')
const meta = (name: string) => `"metadata":{"name":"${name}"}`
const pod = (name: string, spec: string) => `{${meta(name)},"spec":{"containers":[{"name":"c","image":"x"${spec}}]}}`

test.each<[string, string, string, string]>([
  ['unknown fields', CONFIG_MAPS, JSON_TYPE, `{${meta('a')},${each((key) => `"${key}":1`)}}`],
  ['fields given twice', CONFIG_MAPS, JSON_TYPE, `{${meta('b')},"data":{${each((key) => `"${key}":"1","${key}":"2"`)}}}`],
  ['keys in YAML', CONFIG_MAPS, YAML_TYPE, `metadata: {name: c}\ndata:\n${keys.map((key) => `  ${key}: "1"`).join('\n')}\n`],
  ['anchors in YAML', CONFIG_MAPS, YAML_TYPE, `metadata: {name: d}\nx:\n${keys.map((key) => `- &${key} 1`).join('\n')}\n`],
  ['YAML documents', '/apply', YAML_TYPE, keys.map((key) => `a: ${key}`).join('\n---\n')],
  [
    'owners',
    CONFIG_MAPS,
    JSON_TYPE,
    `{"metadata":{"name":"e","ownerReferences":[${each((key) => `{"apiVersion":"v1","kind":"Pod","name":"${key}","uid":"${key}"}`)}]}}`,
  ],
  ['containers', PODS, JSON_TYPE, `{${meta('f')},"spec":{"containers":[${each((key) => `{"name":"${key}","image":"x"}`)}]}}`],
  ['container ports', PODS, JSON_TYPE, pod('g', `,"ports":[${each((_, index) => `{"containerPort":${index + 1}}`)}]`)],
  ['volume mounts', PODS, JSON_TYPE, pod('h', `,"volumeMounts":[${each((key) => `{"name":"v","mountPath":"/${key}"}`)}]`)],
  [
    'service ports',
    '/api/v1/namespaces/fuzz/services',
    JSON_TYPE,
    `{${meta('i')},"spec":{"ports":[${each((key, index) => `{"name":"${key}","port":${index + 1}}`)}]}}`,
  ],
  [
    'rules',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    JSON_TYPE,
    `{${meta('j')},"rules":[${each((key) => `{"apiGroups":[""],"resources":["${key}"],"verbs":["get"]}`)}]}`,
  ],
])(
  'a body with very many %s takes time in proportion',
  async (_, path, type, body) => {
    const { status, cpuMs } = await timed({ method: 'POST', path, headers: { 'content-type': type }, body: Buffer.from(body) })

    expect(status).toBeLessThan(500)
    expect(cpuMs).toBeLessThan(LONGEST_CPU_MS)
  },
  60_000,
)

test.each([
  [
    'application/strategic-merge-patch+json',
    `{"spec":{"containers":[{"name":"c","env":[${each((key) => `{"name":"${key}","value":"y"}`)}]}]}}`,
  ],
  [
    'application/apply-patch+yaml',
    `{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"c","image":"x","env":[${each((key) => `{"name":"${key}"}`)}]}]}}`,
  ],
])(
  'so does a %s',
  async (type, body) => {
    const env = keys.slice(0, ITEMS / 2).map((name) => ({ name, value: 'x' }))
    const created = { metadata: { name: 'patched' }, spec: { containers: [{ name: 'c', image: 'x', env }] } }
    await server.send({
      method: 'POST',
      path: PODS,
      headers: { 'content-type': JSON_TYPE },
      body: Buffer.from(JSON.stringify(created)),
    })

    const path = `${PODS}/patched?fieldManager=m`
    const { status, cpuMs } = await timed({ method: 'PATCH', path, headers: { 'content-type': type }, body: Buffer.from(body) })

    expect(status).toBeLessThan(500)
    expect(cpuMs).toBeLessThan(LONGEST_CPU_MS)
  },
  60_000,
)

async function timed(request: Parameters<InProcessServer['send']>[0]): Promise<{ status: number; cpuMs: number }> {
  const before = process.cpuUsage()
  const { status } = await server.send(request)
  const { user, system } = process.cpuUsage(before)
  return { status, cpuMs: (user + system) / 1_000 }
}
