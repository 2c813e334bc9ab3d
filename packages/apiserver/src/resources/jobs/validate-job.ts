import {
  type FieldError,
  type FieldPath,
  invalid,
  type Job,
  labelSelectorMatches,
  notSupported,
  path,
  required,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'
import { validatePodTemplate } from '../pods/validate-pod-template.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateImmutable } from '../validate-immutable.ts'
import { validateNonNegative } from '../validate-numbers.ts'
import { validateLabelSelector } from '../validate-selector.ts'
import { JOB_LABELS } from './job-labels.ts'
import { validateFailurePolicy } from './validate-failure-policy.ts'

type JobSpec = Job['spec']

const MAX_INDEXED_PARALLELISM = 100_000

export function validateJob(job: Job): FieldError[] {
  const field = path('spec')
  return [...validateGeneratedSelector(job, field), ...validateJobSpec(job.spec, field), ...validateSelector(job.spec, field)]
}

/** The selector that the server gives must be all there is to it. */
function validateGeneratedSelector({ metadata, spec }: Job, field: FieldPath): FieldError[] {
  if (spec.manualSelector === true || !spec.selector) return []
  const own = { [JOB_LABELS.uid]: metadata.uid, [JOB_LABELS.legacyUid]: metadata.uid, [JOB_LABELS.name]: metadata.name }
  if (labelSelectorMatches(spec.selector, own)) return []
  return [invalid(field.child('selector'), spec.selector, '`selector` not auto-generated')]
}

/** What a job and the template of a CronJob's jobs have in common. */
export function validateJobSpec(spec: JobSpec, field: FieldPath): FieldError[] {
  const numbers = [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const
  return [
    ...numbers.flatMap((name) => validateNonNegative(spec[name], field.child(name))),
    ...validateIndexes(spec, field),
    ...validateCompletionMode(spec, field),
    ...(spec.podFailurePolicy ? validateFailurePolicy(spec, field.child('podFailurePolicy')) : []),
    ...validateReplacement(spec, field.child('podReplacementPolicy')),
    ...validateTemplate(spec, field.child('template')),
  ]
}

function validateIndexes({ completionMode, backoffLimitPerIndex, maxFailedIndexes }: JobSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (backoffLimitPerIndex !== undefined && completionMode !== 'Indexed') {
    errors.push(invalid(field.child('backoffLimitPerIndex'), backoffLimitPerIndex, 'requires indexed completion mode'))
  }
  if (maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined) {
    errors.push(required(field.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'))
  }
  return errors
}

function validateCompletionMode({ completionMode, completions, parallelism = 0 }: JobSpec, field: FieldPath): FieldError[] {
  if (!completionMode) return []
  if (completionMode !== 'Indexed') {
    return validateChoice(completionMode, ['NonIndexed', 'Indexed'], field.child('completionMode'))
  }
  if (completions === undefined) return [required(field.child('completions'), 'when completion mode is Indexed')]
  if (parallelism <= MAX_INDEXED_PARALLELISM) return []
  const detail = `must be less than or equal to ${MAX_INDEXED_PARALLELISM} when completion mode is Indexed`
  return [invalid(field.child('parallelism'), parallelism, detail)]
}

function validateReplacement({ podReplacementPolicy, podFailurePolicy }: JobSpec, field: FieldPath): FieldError[] {
  if (!podReplacementPolicy) return []
  return validateChoice(podReplacementPolicy, podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'], field)
}

function validateTemplate({ template, podFailurePolicy }: JobSpec, field: FieldPath): FieldError[] {
  const errors = validatePodTemplate(template ?? {}, field)
  const policy = template?.spec?.restartPolicy ?? ''
  const at = field.child('spec', 'restartPolicy')
  if (policy === '' || policy === 'Always') errors.push(required(at, 'valid values: "OnFailure", "Never"'))
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.push(notSupported(at, policy, ['OnFailure', 'Never']))
  else if (podFailurePolicy && policy !== 'Never') {
    errors.push(invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified'))
  }
  return errors
}

function validateSelector({ selector, template }: JobSpec, field: FieldPath): FieldError[] {
  if (!selector) return [required(field.child('selector'))]
  const errors = validateLabelSelector(selector, field.child('selector'))
  const labels = template?.metadata?.labels ?? {}
  if (errors.length === 0 && !labelSelectorMatches(selector, labels)) {
    const at = field.child('template', 'metadata', 'labels')
    errors.push(invalid(at, labels, '`selector` does not match template `labels`'))
  }
  return errors
}

const IMMUTABLE = [
  'selector',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
  'manualSelector',
] as const

export function validateJobUpdate({ spec }: Job, old: Job): FieldError[] {
  const field = path('spec')
  return [
    ...validateCompletionsUpdate(spec, old.spec, field),
    ...IMMUTABLE.flatMap((name) => validateImmutable(spec[name], old.spec[name], field.child(name))),
    ...validateTemplateUpdate(spec, old, field.child('template')),
  ]
}

/** Indexed jobs may grow and shrink, with their parallelism (KEP-3715). */
function validateCompletionsUpdate(spec: JobSpec, old: JobSpec, field: FieldPath): FieldError[] {
  if (spec.completionMode !== 'Indexed') return validateImmutable(spec.completions, old.completions, field.child('completions'))
  if (spec.completions === old.completions || spec.completions === spec.parallelism) return []
  return [
    invalid(field.child('completions'), spec.completions, `can only be modified in tandem with ${field.child('parallelism')}`),
  ]
}

/** Where its pods may run can still be changed while a suspended job has never started (KEP-2926). */
function validateTemplateUpdate(spec: JobSpec, old: Job, field: FieldPath): FieldError[] {
  if (jsonEquals(spec.template, old.spec.template)) return []
  const neverStarted = old.spec.suspend === true && !old.status?.startTime
  if (neverStarted && jsonEquals(withoutPlacement(spec), withoutPlacement(old.spec))) return []
  return [invalid(field, spec.template, 'field is immutable')]
}

function withoutPlacement({ template }: JobSpec): unknown {
  const { nodeSelector: _, affinity: __, tolerations: ___, schedulingGates: ____, ...spec } = { ...template?.spec }
  const { labels: _____, annotations: ______, ...metadata } = { ...template?.metadata }
  return { metadata, spec }
}
