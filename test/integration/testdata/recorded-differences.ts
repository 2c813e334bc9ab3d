/** Where our answers to recorded requests are not the recorded ones, and why. What any answer differs in stands in since-1.20.ts. */
import type { Answer } from '../../support/recorded-answers.ts'
import { withListedCauses } from './since-1.20.ts'

export interface Difference {
  /** `errors 14`, or `errors 14 15` for several of one file. */
  readonly steps: string
  readonly reason: string
  readonly status?: number
  /** A merge patch that makes our body of the recorded one. Without it and without a status nothing is compared. */
  readonly body?: object
}

/** What the steps after it don't expect to pass, as it does since 1.22: a Scale takes its namespace from the path. */
export const NOT_SENT: ReadonlySet<string> = new Set(['patches 126', 'server-side-apply 38'])

/** The causes of a refusal as 1.36 gives them. */
function causes(...fields: readonly (readonly [string, string])[]): object {
  return { details: causesOf(...fields) }
}

function causesOf(...fields: readonly (readonly [string, string])[]): object {
  return { causes: fields.map(([field, message]) => ({ reason: reasonOf(message), message, field })) }
}

function reasonOf(message: string): string | undefined {
  const [type = ''] = message.split(/(?: value)?(?::|$)/)
  const names: Readonly<Record<string, string>> = { Unsupported: 'NotSupported', 'Too long': 'TooLong' }
  return `FieldValue${names[type] ?? type}`
}

/** In front of what the decoder says. */
const cannotHandle = (kind: string, version = 'v1') => `${kind} in version "${version}" cannot be handled as a ${kind}: `

const DECODER = 'since 1.23 there is another decoder, which says less'
const CLEARER_CODE = 'a client’s mistake is a 400 here, not a 500'
const NEWER_WORDS = '1.36 words it so'
/** Not compared: it may be as recorded, or not. */
export const CHANCE = 'how far controllers are by then is chance'

export const DIFFERENCES: readonly Difference[] = [
  {
    steps: 'discovery 2 3 6 7 9 16',
    reason: 'groups, versions and kinds came and went; the lists of today are tested with discovery and docs/compatibility.md',
  },
  {
    steps: 'discovery 10',
    reason: 'ours says what it is',
    body: {
      ...{ minor: '36', gitVersion: 'v1.36.0+skiff', gitCommit: '0'.repeat(40) },
      ...{ goVersion: `node ${process.version}`, compiler: 'v8' },
    },
  },
  { steps: 'discovery 12', reason: 'ours is made of other parts' },
  {
    steps: 'errors 14',
    reason: 'since 1.21 the path of a source is cut short',
    body: {
      message: `${cannotHandle('ConfigMap', 'v2')}no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    },
  },
  {
    steps: 'errors 15',
    reason: DECODER,
    body: {
      message: `${cannotHandle('ConfigMap')}json: cannot unmarshal number into Go struct field ConfigMap.data of type string`,
    },
  },
  {
    steps: 'errors 16',
    reason: DECODER,
    body: {
      message: `${cannotHandle('ConfigMap')}json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string`,
    },
  },
  {
    steps: 'errors 21',
    reason: 'since 1.21 it says what there is; ours has no protobuf',
    body: { message: 'only the following media types are accepted: application/json, application/yaml' },
  },
  {
    steps: 'errors 23',
    reason: 'since 1.22 it says what there is',
    status: 415,
    body: {
      code: 415,
      reason: 'UnsupportedMediaType',
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
      details: null,
    },
  },
  {
    steps: 'errors 33',
    reason: 'the key in the database is nobody’s business',
    body: {
      message:
        'Operation cannot be fulfilled on configmaps "y1": Precondition failed: UID in precondition: nope, UID in object meta: (uid)',
    },
  },
  { steps: 'errors 52 62', reason: CLEARER_CODE, status: 400, body: { code: 400, reason: 'BadRequest' } },
  {
    steps: 'kinds-and-defaults 24',
    reason: 'here there is a default storage class',
    body: { spec: { storageClassName: 'local' } },
  },
  {
    steps: 'kinds-and-defaults 34',
    reason: 'in v2 what is not known yet is left out',
    body: { status: { currentReplicas: null, conditions: null, currentMetrics: [] } },
  },
  {
    steps: 'kinds-and-defaults 67 90',
    reason: 'no controller tells agents how long to keep Secrets',
  },
  { steps: 'kinds-and-defaults 61 65 66 72 73 87 89 93 94', reason: CHANCE },
  { steps: 'kinds-and-defaults 96', reason: 'ours names the reporting component, as newer events do' },
  {
    steps: 'kinds-and-defaults 97',
    reason: 'who manages it is said since 1.33; when it was triggered is measured nowhere here',
    body: { metadata: { annotations: null, labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } } },
  },
  { steps: 'kinds-and-defaults 98', reason: 'slices of one address family' },
  {
    steps: 'validation 30',
    reason: DECODER,
    body: { message: `${cannotHandle('ConfigMap')}illegal base64 data at input byte 0` },
  },
  {
    steps: 'validation 46',
    reason: DECODER,
    body: {
      message: `${cannotHandle('Pod')}quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    },
  },
  {
    steps: 'validation 68',
    reason: 'by now a negative grace period is one second',
    body: { spec: { terminationGracePeriodSeconds: 1 } },
  },
  {
    steps: 'validation 111',
    reason: DECODER,
    body: {
      message: `${cannotHandle('Deployment')}json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`,
    },
  },
  {
    steps: 'validation 19',
    reason: NEWER_WORDS,
    body: causes([
      'metadata.labels',
      'Invalid value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": must be no more than 63 bytes',
    ]),
  },
  {
    steps: 'validation 21',
    reason: NEWER_WORDS,
    body: causes([
      'metadata.labels',
      `Invalid value: "x/y/z": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]),
  },
  {
    steps: 'validation 22',
    reason: NEWER_WORDS,
    body: causes([
      'metadata.labels',
      'Invalid value: "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy": name part must be no more than 63 bytes',
    ]),
  },
  {
    steps: 'validation 26',
    reason: 'each owner by itself',
    body: causes(
      ['metadata.ownerReferences[0].apiVersion', 'Invalid value: "": must not be empty'],
      ['metadata.ownerReferences[0].kind', 'Invalid value: "": must not be empty'],
      ['metadata.ownerReferences[0].uid', 'Invalid value: "": must not be empty'],
    ),
  },
  {
    steps: 'validation 27',
    reason: 'owners are named with their kinds',
    body: causes([
      'metadata.ownerReferences',
      'Invalid value: [{"apiVersion":"v1","kind":"Pod","name":"x1","uid":"u1","controller":true},{"apiVersion":"v1","kind":"Pod","name":"x2","uid":"u2","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for Pod/x1 and Pod/x2',
    ]),
  },
  {
    steps: 'validation 37',
    reason: NEWER_WORDS,
    body: causes(
      ['spec.containers[0].ports[0].containerPort', 'Invalid value: 70000: must be between 1 and 65535, inclusive'],
      ['spec.containers[0].ports[1].protocol', 'Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'],
      ['spec.containers[0].ports[2].name', 'Invalid value: "UPPER_CASE_TOO_LONG": must be no more than 15 characters'],
      [
        'spec.containers[0].ports[2].name',
        'Invalid value: "UPPER_CASE_TOO_LONG": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      ],
      ['spec.containers[0].ports[2].name', 'Invalid value: "UPPER_CASE_TOO_LONG": must contain at least one letter (a-z)'],
    ),
  },
  {
    steps: 'validation 40',
    reason: 'the host port is at fault',
    body: causes([
      'spec.containers[0].ports[0].hostPort',
      'Invalid value: 2: must match `containerPort` when `hostNetwork` is true',
    ]),
  },
  {
    steps: 'validation 41',
    reason: 'any printable name will do (KEP-4369)',
    body: causes(['spec.containers[0].env[1].name', 'Required value']),
  },
  {
    steps: 'validation 44',
    reason: 'any printable prefix will do (KEP-4369)',
    body: causes(['spec.containers[0].envFrom', 'Invalid value: "": must specify one of: `configMapRef` or `secretRef`']),
  },
  {
    steps: 'validation 45',
    reason: 'limits are named with their values',
    body: causes(
      ['spec.containers[0].resources.requests', 'Invalid value: "2": must be less than or equal to cpu limit of 1'],
      ['spec.containers[0].resources.requests', 'Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi'],
    ),
  },
  {
    steps: 'validation 66',
    reason: 'each host by itself',
    body: causes(
      ['spec.hostAliases[0].ip', 'Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
      [
        'spec.hostAliases[0].hostnames[0]',
        `Invalid value: "a_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      ],
    ),
  },
  {
    steps: 'validation 74',
    reason: 'procMount is checked (KEP-4265), sysctls may have slashes',
    body: causes(
      ['spec.containers[0].securityContext.runAsUser', 'Invalid value: -1: must be between 0 and 2147483647, inclusive'],
      ['spec.containers[0].securityContext.procMount', 'Unsupported value: "X": supported values: "Default", "Unmasked"'],
      [
        'spec.containers[0].securityContext',
        'Invalid value: {"privileged":true,"allowPrivilegeEscalation":false,"runAsUser":-1,"procMount":"X","capabilities":{"add":["x"]}}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
      ['spec.securityContext.fsGroup', 'Invalid value: -3: must be between 0 and 2147483647, inclusive'],
      ['spec.securityContext.runAsGroup', 'Invalid value: -2: must be between 0 and 2147483647, inclusive'],
      [
        'spec.securityContext.sysctls[0].name',
        'Invalid value: "a b": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      ],
      ['spec.securityContext.sysctls[2].name', 'Duplicate value: "kernel.shm"'],
    ),
  },
  {
    steps: 'validation 75',
    reason: 'only sidecars may have them (KEP-753)',
    body: causes(
      ['spec.initContainers[0].lifecycle', 'Forbidden: may not be set for init containers without restartPolicy=Always'],
      ['spec.initContainers[0].readinessProbe', 'Forbidden: may not be set for init containers without restartPolicy=Always'],
    ),
  },
  {
    steps: 'validation 77',
    reason: 'a plain list of what is supported',
    body: causes([
      'spec.containers[0].terminationMessagePolicy',
      'Unsupported value: "X": supported values: "File", "FallbackToLogsOnError"',
    ]),
  },
  {
    steps: 'validation 94',
    reason: 'the allocator says more',
    body: causes([
      'spec.clusterIPs',
      'Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 198.18.0.0/16',
    ]),
  },
  {
    steps: 'validation 95',
    reason: 'the allocator says more',
    body: causes([
      'spec.clusterIPs',
      'Invalid value: ["198.18.0.1"]: failed to allocate IP 198.18.0.1: provided IP is already allocated',
    ]),
  },
  {
    steps: 'validation 102',
    reason: 'also for externalIPs',
    body: causes(['spec.externalTrafficPolicy', 'Invalid value: "Local": may only be set for externally-accessible services']),
  },
  {
    steps: 'validation 103',
    reason: 'each range by itself',
    body: causes([
      'spec.LoadBalancerSourceRanges[0]',
      'Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]),
  },
  {
    steps: 'validation 114',
    reason: 'a percentage is one even if it is no number',
    body: causes(
      [
        'spec.strategy.rollingUpdate.maxSurge',
        `Invalid value: "x%": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`,
      ],
      ['spec.strategy.rollingUpdate.maxUnavailable', 'Invalid value: "101%": must not be greater than 100%'],
    ),
  },
  {
    steps: 'validation 122',
    reason: 'a newer cron parser',
    body: causes(
      ['spec.schedule', 'Invalid value: "x": expected exactly 5 fields, found 1: [x]'],
      ['spec.concurrencyPolicy', 'Unsupported value: "Y": supported values: "Allow", "Forbid", "Replace"'],
    ),
  },
  {
    steps: 'validation 134',
    reason: 'ReadWriteOncePod (KEP-2485)',
    body: causes(
      [
        'spec.accessModes',
        'Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
      ['spec.resources[storage]', 'Required value'],
    ),
  },
  {
    steps: 'validation 141',
    reason: 'maxSurge (KEP-1591)',
    body: causes(['spec.updateStrategy.rollingUpdate.maxUnavailable', 'Required value: cannot be 0 when maxSurge is 0']),
  },
  {
    steps: 'validation 142',
    reason: 'an address is checked once',
    body: causes(
      ['subsets[0].addresses[0].ip', 'Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8)'],
      ['subsets[0].addresses[1].ip', 'Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
      ['subsets[0].ports[0].port', 'Invalid value: 0: must be between 1 and 65535, inclusive'],
    ),
  },
  {
    steps: 'validation 143',
    reason: 'dots are named',
    body: causes(['metadata.name', 'Invalid value: "a.b": must not contain dots']),
  },
  {
    steps: 'validation 144',
    reason: 'a typing error mended',
    body: causes(
      ['spec.leaseDurationSeconds', 'Invalid value: 0: must be greater than 0'],
      ['spec.leaseTransitions', 'Invalid value: -1: must be greater than or equal to 0'],
    ),
  },
  {
    steps: 'validation 78',
    reason: '1.20 did not know of ephemeral containers, and there was a pod of that name',
    status: 422,
    body: {
      code: 422,
      reason: 'Invalid',
      message: 'Pod "bad" is invalid: ',
      details: { kind: 'Pod', ...causesOf(['spec.ephemeralContainers', 'Forbidden: cannot be set on create']) },
    },
  },
  { steps: 'validation 105', reason: 'families that the cluster has not are refused since 1.23' },
  {
    steps: 'patches 73',
    reason: 'the patch is shown as it was sent, and the problem in the words of other patches',
    body: causes([
      'patch',
      'Invalid value: "{\\"spec\\":{\\"replicas\\":\\"x\\"}}": json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ]),
  },
  {
    steps: 'patches 103',
    reason: 'a patch is read strictly since 1.25',
    status: 400,
    body: {
      code: 400,
      reason: 'BadRequest',
      message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
      details: null,
    },
  },
  {
    steps: 'patches 104',
    reason: CLEARER_CODE,
    status: 400,
    body: { code: 400, reason: 'BadRequest', message: 'unexpected end of JSON input' },
  },
  { steps: 'patches 112', reason: 'the same cause stands there four times' },
  {
    steps: 'patches 127',
    reason: 'since 1.22 a Scale takes its namespace from the path',
    body: causes(['spec.replicas', 'Invalid value: -1: must be greater than or equal to 0']),
  },
  { steps: 'patches 113', reason: CHANCE },
  { steps: 'patches 138 140', reason: 'ours names the fields that were changed instead of showing Go structs' },
  { steps: 'server-side-apply 12 13 18 21 22', reason: 'a map that is applied empty is owned since structured-merge-diff 4.3' },
  {
    steps: 'server-side-apply 19',
    reason: CLEARER_CODE,
    status: 400,
    body: {
      code: 400,
      reason: 'BadRequest',
      message: `${cannotHandle('ConfigMap')}json: cannot unmarshal number into Go struct field ConfigMap.data of type string`,
    },
  },
  {
    steps: 'server-side-apply 20',
    reason: NEWER_WORDS,
    body: { message: 'failed to create typed patch object (g3/a; /v1, Kind=ConfigMap): .nope: field not declared in schema' },
  },
  { steps: 'server-side-apply 30', reason: 'the order of the configuration wins since structured-merge-diff 4.3' },
  {
    steps: 'server-side-apply 31 34',
    reason: 'nodeSelector is atomic since 1.21, and an emptyDir that is applied empty is owned',
  },
  {
    steps: 'server-side-apply 36',
    reason: NEWER_WORDS,
    body: {
      message:
        'failed to create typed patch object (g3/a; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="a"]',
    },
  },
  { steps: 'server-side-apply 37', reason: 'an item without its key no longer gets past the schema' },
  { steps: 'server-side-apply 43 44 45 46', reason: 'the key `protocol` has its default in the schema since 1.21' },
  // A controller may just write what it knows of the conditions, which are another manager's too.
  { steps: 'server-side-apply 40 41', reason: CHANCE },
  { steps: 'deletion 6', reason: 'the same cause stands there twice' },
  { steps: 'access 12', reason: CHANCE },
  { steps: 'access 22', reason: 'since 1.28 everybody may ask who they are' },
  {
    steps: 'access 23',
    reason: 'since 1.24 a token’s request is named',
    body: { metadata: { name: 'sa', namespace: 'g2' } },
  },
  { steps: 'access 29 30 31 32 34 36 37', reason: 'the roles of 1.36, for the kinds that there are' },
  {
    steps: 'quota-and-limits 20',
    reason: 'problems come in any order there',
    body: {
      message:
        'pods "lx" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi, cpu max limit to request ratio per Container is 10, but provided ratio is 33.333333]',
    },
  },
]

export function stepsOf({ steps }: Difference): string[] {
  const [file = '', ...numbers] = steps.split(' ')
  return numbers.map((n) => `${file} ${n}`)
}

/** False where nothing is expected. */
export function isCompared(key: string): boolean {
  const difference = differenceAt(key)
  return difference === undefined || difference.status !== undefined || difference.body !== undefined
}

/** The recorded answer as it would read here. */
export function asHere(recorded: Answer, key: string): Answer {
  const difference = differenceAt(key)
  if (difference === undefined) return recorded
  const body = mergePatched(recorded.body, difference.body ?? {})
  return { status: difference.status ?? recorded.status, body: withListedCauses(body) }
}

function differenceAt(key: string): Difference | undefined {
  return DIFFERENCES.find((difference) => stepsOf(difference).includes(key))
}

/** RFC 7386 */
function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatched(merged[key], value)
  }
  return merged
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
