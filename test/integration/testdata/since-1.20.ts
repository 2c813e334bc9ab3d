/** What Kubernetes 1.36 answers otherwise than the recorded 1.20, whatever is asked. */
import { forEachObject } from '../../support/masked-answers.ts'

type Json = Record<string, unknown>

/** The recorded body as it would read today, for the kind `resource`; the argument is not changed. */
export function since120(recorded: unknown, resource: string): unknown {
  const body = structuredClone(recorded)
  forEachObject(body, renewFields)
  for (const object of objectsIn(body)) {
    renewMetadata(object, resource)
    renewKind(object, resource)
  }
  if (isObject(body) && body.kind === 'Table') renewTable(body, resource)
  return body
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object itself, those of a list or of a watch's events, or what a Table says of its rows. */
function objectsIn(body: unknown): Json[] {
  if (Array.isArray(body)) return body.flatMap(objectsIn)
  if (!isObject(body) || body.kind === 'Status') return []
  if (body.type !== undefined && body.object !== undefined) return objectsIn(body.object)
  const inner = (body.items ?? body.rows) as Json[] | undefined
  if (inner === undefined) return [body]
  return inner.map((item) => (body.rows === undefined ? item : (item.object as Json)))
}

const NEW_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(batch|policy|discovery\.k8s\.io)\/v1beta1$/, '$1/v1'],
  [/^autoscaling\/v2beta2$/, 'autoscaling/v2'],
]

function renewFields(object: Json): void {
  for (const [key, value] of Object.entries(object)) {
    // Since 1.34 nobody sees the creation time of what isn't created; ours shows no time that nobody set.
    if (value === null && /(Timestamp|Time)$/.test(key)) delete object[key]
  }
  const { apiVersion, message, fieldsV1, group } = object
  // KEP-2206: entries name their subresource.
  if (isObject(fieldsV1) && Object.keys(fieldsV1).join() === 'f:status') object.subresource = 'status'
  if (group === 'extensions') object.group = 'networking.k8s.io'
  if (typeof apiVersion === 'string') object.apiVersion = replaced(apiVersion, NEW_NAMES)
  if (typeof message === 'string') object.message = replaced(message, NEW_WORDS)
}

function replaced(text: string, replacements: readonly (readonly [RegExp, string])[]): string {
  return replacements.reduce((changing, [pattern, replacement]) => changing.replace(pattern, replacement), text)
}

const NEW_WORDS: readonly (readonly [RegExp, string])[] = [
  [/Too long: must have at most/g, 'Too long: may not be more than'],
  [/must be valid IP address/g, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  [/not a valid CIDR/g, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  [/^(Ingress|NetworkPolicy)\.extensions /, '$1.networking.k8s.io '],
  [/must specify limits\.memory,requests\.cpu/, 'must specify limits.memory for: c; requests.cpu for: c'],
  [/^(Scaled up replica set \S+) to/, '$1 from 0 to'],
]

function renewMetadata(object: Json, resource: string): void {
  const metadata = (object.metadata ?? {}) as Json
  switch (resource) {
    case 'namespaces': // KEP-2161
      metadata.labels = { 'kubernetes.io/metadata.name': metadata.name }
      break
    case 'podtemplates':
    case 'jobs':
      metadata.generation = 1
      break
    case 'configmaps': // KEP-1205: says what it is for
      if (metadata.name === 'kube-root-ca.crt') metadata.annotations = ROOT_CA_ANNOTATIONS
  }
}

const ROOT_CA_ANNOTATIONS = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
}

function renewKind(object: Json, resource: string): void {
  const spec = (object.spec ?? {}) as Json
  const status = (object.status ?? {}) as Json
  const strategy = (spec.updateStrategy as { rollingUpdate?: Json } | undefined)?.rollingUpdate
  switch (resource) {
    case 'pods':
      renewPod(spec)
      break
    case 'serviceaccounts': // KEP-2799: no token Secrets
      delete object.secrets
      break
    case 'services':
      renewService(spec)
      break
    case 'persistentvolumes': // KEP-3762
      if (status.phase !== undefined) status.lastPhaseTransitionTime = '2026-01-01T00:00:00Z'
      break
    case 'statefulsets': // KEP-1847, KEP-961, KEP-2599
      if (object.spec === undefined) break
      spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Retain', whenScaled: 'Retain' }
      if (strategy) strategy.maxUnavailable = 1
      status.availableReplicas = 0
      break
    case 'daemonsets': // KEP-1591
      if (strategy) strategy.maxSurge = 0
      break
    case 'jobs': // KEP-2214, KEP-2232, KEP-3939, and labels with a domain
      renewJob(object, spec)
  }
}

/** Tokens are projected (KEP-1205). */
function renewPod(spec: Json): void {
  for (const volume of (spec.volumes ?? []) as Json[]) {
    if (!String(volume.name).startsWith('default-token-')) continue
    volume.name = 'kube-api-access-bcdfg'
    delete volume.secret
    volume.projected = { defaultMode: 420, sources: TOKEN_SOURCES }
  }
  for (const container of (spec.containers ?? []) as { volumeMounts?: Json[] }[]) {
    for (const mount of container.volumeMounts ?? []) {
      if (String(mount.name).startsWith('default-token-')) mount.name = 'kube-api-access-bcdfg'
    }
  }
}

const TOKEN_SOURCES = [
  { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
  { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
  { downwardAPI: { items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }] } },
]

/** KEP-563, KEP-2086, KEP-1864 */
function renewService(spec: Json): void {
  if (spec.type === undefined || spec.type === 'ExternalName') return
  Object.assign(spec, { internalTrafficPolicy: 'Cluster', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts = true
}

function renewJob(object: Json, spec: Json): void {
  if (object.spec === undefined) return
  Object.assign(spec, { completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed' })
  const uid = (object.metadata as Json).uid
  spec.selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
  const { metadata } = spec.template as { metadata: { labels: Json } }
  Object.assign(metadata.labels, jobLabels(uid))
  const own = (object.metadata as { labels?: Json }).labels
  if (own) Object.assign(own, jobLabels(uid))
}

const jobLabels = (uid: unknown) => ({ 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': 'j' })

interface Column {
  readonly name: string
  type: string
  readonly format: string
  readonly priority: number
}

/** Columns that were added or moved since. */
function renewTable(body: Json, resource: string): void {
  const columns = (body.columnDefinitions ?? []) as Column[]
  const rows = (body.rows ?? []) as { cells: unknown[] }[]
  const inserted = INSERTED[resource]
  if (inserted !== undefined) {
    columns.splice(inserted.at, 0, { name: inserted.name, type: 'string', format: '', priority: 0 })
    for (const { cells } of rows) cells.splice(inserted.at, 0, inserted.cell)
  }
  switch (resource) {
    case 'pods': // restarts tell when
      for (const column of columns) if (column.name === 'Restarts') column.type = 'string'
      for (const { cells } of rows) cells[3] = String(cells[3])
      break
    case 'resourcequotas': // the age is last
      columns.push(...columns.splice(1, 1))
      for (const { cells } of rows) cells.push(...cells.splice(1, 1))
      break
    case 'horizontalpodautoscalers': // names its metrics since 1.30
      for (const { cells } of rows) cells[2] = `cpu: ${cells[2]}`
      break
    case 'serviceaccounts': // KEP-2799
      for (const { cells } of rows) cells[1] = 0
      break
    case 'jobs':
      for (const { cells } of rows) cells[7] = String(cells[7]).replace('controller-uid', 'batch.kubernetes.io/controller-uid')
  }
}

const INSERTED: Readonly<Record<string, { at: number; name: string; cell: string }>> = {
  persistentvolumeclaims: { at: 6, name: 'VolumeAttributesClass', cell: '<unset>' },
  persistentvolumes: { at: 7, name: 'VolumeAttributesClass', cell: '<unset>' },
  jobs: { at: 1, name: 'Status', cell: 'Running' },
  priorityclasses: { at: 4, name: 'PreemptionPolicy', cell: 'PreemptLowerPriority' },
}

/** Values of refused fields are shown as JSON since 1.34: the value is ours where all else is alike. */
export function withJsonValues(recorded: unknown, ours: unknown): unknown {
  const body = structuredClone(recorded)
  const [theirs, here] = [causesOf(body), causesOf(ours)]
  theirs.forEach((cause, index) => {
    const parts = GO_VALUE.exec(cause.message)
    const found = here[index]?.message
    if (parts === null || found === undefined) return
    const [, kind = '', rest = ''] = parts
    const value = found.slice(kind.length, found.length - rest.length)
    if (found === kind + value + rest && isJson(value)) cause.message = found
  })
  return withListedCauses(body)
}

/** `core.Toleration{…}`, `[]string{…}`, `map[string]string{…}` */
const GO_VALUE = /^(\w+ value: )(?:\[\]|map\[|\w+\.[A-Z])[\s\S]*[})](: [\s\S]*|)$/

interface Cause {
  readonly field?: string
  readonly reason?: string
  message: string
}

function causesOf(body: unknown): Cause[] {
  return ((body as { details?: { causes?: Cause[] } } | undefined)?.details?.causes ?? []) as Cause[]
}

/** A refusal's message lists its causes. */
export function withListedCauses(body: unknown): unknown {
  const causes = causesOf(body)
  if (!isObject(body) || body.reason !== 'Invalid' || causes.length === 0) return body
  const [about] = String(body.message).split(' is invalid: ')
  const listed = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))]
  return { ...body, message: `${about} is invalid: ${listed.length === 1 ? listed[0] : `[${listed.join(', ')}]`}` }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
