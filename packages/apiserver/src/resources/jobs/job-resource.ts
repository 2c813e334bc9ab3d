import { findCondition, humanDuration, JOBS, type Job, path } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge, selectorCell } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { clearStatus, keepStatus } from '../status.ts'
import { namesakeWarnings } from '../warnings/workload-warnings.ts'
import { SELECTOR_COLUMN, TEMPLATE_COLUMNS, templateCells } from '../workloads/workload-columns.ts'
import { JOB_LABELS } from './job-labels.ts'
import { validateJob, validateJobUpdate } from './validate-job.ts'

const DEFAULT_BACKOFF_LIMIT = 6
const MAX_INT32 = 2 ** 31 - 1

export const jobResource: ResourceDefinition = {
  info: JOBS,
  subresources: ['status'],
  orphansByDefault: {
    warning:
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  },
  strategy: {
    countsGenerations: true,
    default: (job: Job) => defaultJob(job),
    prepareForCreate(job: Job) {
      clearStatus(JOBS, job)
      if (job.spec.manualSelector !== true) selectOwnPods(job)
      labelLikeTemplate(job)
    },
    prepareForUpdate: (job: Job, old: Job) => keepStatus(job, old),
    validate: (job: Job) => validateJob(job),
    validateUpdate: (job: Job, old: Job) => validateJobUpdate(job, old),
    warnings: namesakeWarnings(path('spec', 'template'), ({ spec }: Job) => spec.template),
  },
  selectableFields: { 'status.successful': (job) => String((job as unknown as Job).status?.succeeded ?? 0) },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Status', 'What the job does.'),
      textColumn('Completions', 'Pods that succeeded of the pods that should.'),
      textColumn('Duration', 'How long it took, or has taken so far.'),
      AGE_COLUMN,
      ...TEMPLATE_COLUMNS,
      SELECTOR_COLUMN,
    ],
    cells: (job: Job, now) => [
      job.metadata.name,
      statusCell(job),
      completionsCell(job),
      durationCell(job, now),
      objectAge(job, now),
      ...templateCells(job.spec.template),
      selectorCell(job.spec.selector),
    ],
  },
}

function defaultJob(job: Job): void {
  const { spec } = job
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? DEFAULT_BACKOFF_LIMIT : MAX_INT32
  spec.completionMode ||= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ||= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True'
  }
  if (spec.template?.spec) defaultPodSpec(spec.template.spec)
  labelLikeTemplate(job)
}

function labelLikeTemplate({ metadata, spec }: Job): void {
  const labels = spec.template?.metadata?.labels ?? {}
  if (Object.keys(labels).length > 0 && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
}

/** A job's pods carry its uid, and that is how it finds them; the names without a domain are the old ones. */
function selectOwnPods({ metadata, spec }: Job): void {
  const { name = '', uid } = metadata
  spec.template.metadata ??= {}
  const { legacyName, legacyUid } = JOB_LABELS
  spec.template.metadata.labels = {
    ...spec.template.metadata.labels,
    [legacyName]: name,
    [JOB_LABELS.name]: name,
    [legacyUid]: uid,
    [JOB_LABELS.uid]: uid,
  }
  spec.selector = { ...spec.selector, matchLabels: { ...spec.selector?.matchLabels, [JOB_LABELS.uid]: uid } }
}

function statusCell({ metadata, status }: Job): string {
  const has = (type: string) => findCondition(status?.conditions, type)?.status === 'True'
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running'
}

function completionsCell({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`
  const { parallelism = 0 } = spec
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationCell({ status }: Job, now: Date): string {
  if (!status?.startTime) return ''
  const end = status.completionTime ? Date.parse(status.completionTime) : now.getTime()
  return humanDuration(Math.max(0, end - Date.parse(status.startTime)))
}
