/** Where 1.36 differs from the recorded 1.20 for the kinds beyond pods, Services and Deployments, each with its reason. */

import type { KubeObject } from '@skiff/api'

type Json = Record<string, unknown>
export type Causes = readonly (readonly [string, string])[]

/** The recorded answer as 1.36 gives it. */
export function newerAnswer(resource: string, object: KubeObject): void {
  const spec = (object.spec ?? {}) as Json
  const status = (object.status ?? {}) as Json
  const strategy = (spec.updateStrategy as { rollingUpdate?: Json } | undefined)?.rollingUpdate
  dropNullTimes(object)
  switch (resource) {
    case 'persistentvolumes': // KEP-3762
      status.lastPhaseTransitionTime = '2026-01-01T00:00:04Z'
      break
    case 'statefulsets': // KEP-1847, KEP-961, KEP-2599
      spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Retain', whenScaled: 'Retain' }
      if (strategy) strategy.maxUnavailable = 1
      status.availableReplicas = 0
      break
    case 'daemonsets': // KEP-1591
      if (strategy) strategy.maxSurge = 0
      break
    case 'jobs': // KEP-2214, KEP-2232, KEP-3939, and labels with a domain
      Object.assign(spec, { completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed' })
      withDomainLabels(spec)
      break
    case 'horizontalpodautoscalers': // v2 without beta
      object.apiVersion = 'autoscaling/v2'
      object.status = { desiredReplicas: 0, currentMetrics: [] }
  }
}

/** Times that nobody set are left out since 1.34. */
function dropNullTimes(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const object = value as Json
  if (object.creationTimestamp === null) delete object.creationTimestamp
  for (const inner of Object.values(object)) dropNullTimes(inner)
}

function withDomainLabels(spec: Json): void {
  const { metadata } = spec.template as { metadata: { labels: Record<string, string> } }
  const { 'controller-uid': uid, 'job-name': name } = metadata.labels
  Object.assign(metadata.labels, { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': name })
  spec.selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
}

/** The recorded managedFields as 1.36 gives them: new defaults, no empty times, atomic selectors. */
export function newerFields(resource: string, owned: Json): void {
  dropOwnedTimes(owned)
  const spec = (owned['f:spec'] ?? {}) as Json
  const update = (spec['f:updateStrategy'] as { 'f:rollingUpdate'?: Json } | undefined)?.['f:rollingUpdate']
  switch (resource) {
    case 'replicationcontrollers':
      spec['f:selector'] = {}
      break
    case 'statefulsets':
      spec['f:persistentVolumeClaimRetentionPolicy'] = { '.': {}, 'f:whenDeleted': {}, 'f:whenScaled': {} }
      if (update) update['f:maxUnavailable'] = {}
      break
    case 'daemonsets':
      if (update) update['f:maxSurge'] = {}
      // what the server counts belongs to nobody here
      delete owned['f:metadata']
      break
    case 'jobs':
      Object.assign(spec, { 'f:completionMode': {}, 'f:suspend': {}, 'f:podReplacementPolicy': {} })
  }
}

function dropOwnedTimes(owned: unknown): void {
  if (typeof owned !== 'object' || owned === null) return
  const fields = owned as Json
  delete fields['f:creationTimestamp']
  for (const inner of Object.values(fields)) dropOwnedTimes(inner)
}

type Column = readonly [string, string, number]

/** Columns that were added or moved. */
export function newerColumns(resource: string, columns: readonly Column[]): readonly Column[] {
  const inserted = INSERTED[resource]
  if (resource === 'resourcequotas') return [...columns.filter(([name]) => name !== 'Age'), ['Age', 'string', 0]]
  if (inserted === undefined) return columns
  return [...columns.slice(0, inserted.at), [inserted.name, 'string', 0], ...columns.slice(inserted.at)]
}

export function newerCells(resource: string, cells: readonly unknown[]): readonly unknown[] {
  switch (resource) {
    case 'resourcequotas': {
      const [name, age, ...usage] = cells
      return [name, ...usage, age]
    }
    // controllers had worked on these by the time the table was asked for
    case 'replicationcontrollers':
      return cells.map((cell, index) => (index === 2 ? 0 : cell))
    case 'daemonsets':
      return cells.map((cell, index) => (index >= 1 && index <= 5 ? 0 : cell))
    case 'persistentvolumes':
      return withCell(
        resource,
        cells.map((cell, index) => ({ 4: 'Pending', 5: '' })[index] ?? cell),
      )
    case 'jobs':
      return withCell(
        resource,
        cells.map((cell, index) => (index === 2 ? '' : cell)),
      )
    case 'horizontalpodautoscalers': // names its metrics since 1.30
      return cells.map((cell, index) => (index === 2 ? `cpu: ${String(cell)}` : cell))
    case 'limitranges':
      return cells.map((cell, index) => (index === 1 ? '2026-01-01T00:00:00Z' : cell))
    default:
      return withCell(resource, cells)
  }
}

function withCell(resource: string, cells: readonly unknown[]): readonly unknown[] {
  const inserted = INSERTED[resource]
  return inserted === undefined ? cells : [...cells.slice(0, inserted.at), inserted.cell, ...cells.slice(inserted.at)]
}

const INSERTED: Readonly<Record<string, { at: number; name: string; cell: string }>> = {
  persistentvolumeclaims: { at: 6, name: 'VolumeAttributesClass', cell: '<unset>' },
  persistentvolumes: { at: 7, name: 'VolumeAttributesClass', cell: '<unset>' },
  jobs: { at: 1, name: 'Status', cell: 'Running' },
  priorityclasses: { at: 4, name: 'PreemptionPolicy', cell: 'PreemptLowerPriority' },
}

/** Refusals in the words of 1.36. */
export const NEWER_REFUSALS: Readonly<Record<number, { why: string; causes: Causes }>> = {
  121: {
    why: 'values are JSON, labels of jobs have a domain',
    causes: [
      [
        'spec.selector',
        'Invalid value: {"matchLabels":{"a":"b","batch.kubernetes.io/controller-uid":"uid-of-test"}}: `selector` not auto-generated',
      ],
      ['spec.parallelism', 'Invalid value: -1: must be greater than or equal to 0'],
      ['spec.completions', 'Invalid value: -1: must be greater than or equal to 0'],
      ['spec.backoffLimit', 'Invalid value: -1: must be greater than or equal to 0'],
      [
        'spec.template.metadata.labels',
        'Invalid value: {"job-name":"bad","batch.kubernetes.io/job-name":"bad","controller-uid":"uid-of-test","batch.kubernetes.io/controller-uid":"uid-of-test"}: `selector` does not match template `labels`',
      ],
    ],
  },
  122: {
    why: 'a newer cron parser',
    causes: [
      ['spec.schedule', 'Invalid value: "x": expected exactly 5 fields, found 1: [x]'],
      ['spec.concurrencyPolicy', 'Unsupported value: "Y": supported values: "Allow", "Forbid", "Replace"'],
    ],
  },
  125: {
    why: 'values are JSON',
    causes: [
      ['spec', 'Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set'],
    ],
  },
  127: {
    why: 'values are JSON',
    causes: [['spec', 'Invalid value: null: either `defaultBackend` or `rules` must be specified']],
  },
  128: {
    why: 'addresses: words of 1.36',
    causes: [
      ['spec.ingress[0].ports[0].port', 'Invalid value: 0: must be between 1 and 65535, inclusive'],
      [
        'spec.ingress[0].from[0].ipBlock.cidr',
        'Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
      ['spec.ingress[0].from[1]', 'Forbidden: may not specify both ipBlock and another peer'],
      ['spec.ingress[0].from[2]', 'Required value: must specify a peer'],
      ['spec.policyTypes[0]', 'Unsupported value: "X": supported values: "Ingress", "Egress"'],
    ],
  },
  134: {
    why: 'ReadWriteOncePod (KEP-2485)',
    causes: [
      [
        'spec.accessModes',
        'Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
      ['spec.resources[storage]', 'Required value'],
    ],
  },
  135: {
    why: 'values are JSON',
    causes: [
      ['spec.accessModes', 'Required value'],
      ['spec.capacity', 'Required value'],
      ['spec.capacity', 'Unsupported value: null: supported values: "storage"'],
      ['spec', 'Required value: must specify a volume type'],
    ],
  },
  136: {
    why: 'values are JSON',
    causes: [
      ['spec.hard[foo]', 'Invalid value: "foo": must be a standard resource type or fully qualified'],
      ['spec.hard[foo]', 'Invalid value: "foo": must be a standard resource for quota'],
      ['spec.hard[cpu]', 'Invalid value: "-1": must be greater than or equal to 0'],
      ['spec.scopes', 'Invalid value: ["X"]: unsupported scope'],
    ],
  },
  137: {
    why: 'values are JSON',
    causes: [
      ['spec.limits[0].min[cpu]', 'Invalid value: "2": min value 2 is greater than max value 1'],
      ['spec.limits[0].defaultRequest[cpu]', 'Invalid value: "3": default request value 3 is greater than max value 1'],
      ['spec.limits[0].default[cpu]', 'Invalid value: "1": default value 3 is greater than max value 1'],
    ],
  },
  140: {
    why: 'values are JSON',
    causes: [
      ['spec.podManagementPolicy', "Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'"],
      ['spec.updateStrategy', 'Invalid value: {"type":"Y"}: must be \'RollingUpdate\' or \'OnDelete\''],
      ['spec.template.metadata.labels', 'Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
    ],
  },
  141: {
    why: 'maxSurge (KEP-1591)',
    causes: [['spec.updateStrategy.rollingUpdate.maxUnavailable', 'Required value: cannot be 0 when maxSurge is 0']],
  },
}
