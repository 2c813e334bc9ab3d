import {
  CronError,
  type CronJob,
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  parseCronSchedule,
  path,
  required,
} from '@skiff/api'
import { validateJobSpec } from '../jobs/validate-job.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateNonNegative } from '../validate-numbers.ts'

/** Names of jobs are made of it and of 11 more characters. */
const MAX_NAME_LENGTH = 52

export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const field = path('spec')
  return [
    ...validateSchedule(spec, field),
    ...validateNonNegative(spec.startingDeadlineSeconds, field.child('startingDeadlineSeconds')),
    ...validateChoice(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], field.child('concurrencyPolicy')),
    ...validateJobTemplate(spec.jobTemplate, field.child('jobTemplate', 'spec')),
    ...validateNonNegative(spec.successfulJobsHistoryLimit, field.child('successfulJobsHistoryLimit')),
    ...validateNonNegative(spec.failedJobsHistoryLimit, field.child('failedJobsHistoryLimit')),
    ...validateName(metadata.name ?? ''),
  ]
}

function validateSchedule({ schedule, timeZone }: CronJob['spec'], field: FieldPath): FieldError[] {
  const at = field.child('schedule')
  if (!schedule) return [required(at)]
  if (schedule.includes('TZ')) {
    return [invalid(at, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
  }
  return [...cronProblems(schedule).map((problem) => invalid(at, schedule, problem)), ...validateTimeZone(timeZone, field)]
}

function cronProblems(schedule: string): string[] {
  try {
    parseCronSchedule(schedule)
    return []
  } catch (error) {
    if (error instanceof CronError) return [error.message]
    throw error
  }
}

function validateTimeZone(timeZone: string | undefined, field: FieldPath): FieldError[] {
  if (timeZone === undefined) return []
  const at = field.child('timeZone')
  if (timeZone === '') return [invalid(at, timeZone, 'timeZone must be nil or non-empty string')]
  if (timeZone.toLowerCase() === 'local')
    return [invalid(at, timeZone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')]
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return []
  } catch {
    return [invalid(at, timeZone, `unknown time zone ${timeZone}`)]
  }
}

function validateJobTemplate(template: CronJob['spec']['jobTemplate'] | undefined, field: FieldPath): FieldError[] {
  const spec = template?.spec
  if (!spec) return [required(field.child('template'))]
  const manual = spec.manualSelector === undefined ? [] : [notSupported(field.child('manualSelector'), true, ['nil'])]
  return [...validateJobSpec(spec, field), ...manual]
}

function validateName(name: string): FieldError[] {
  if (name.length <= MAX_NAME_LENGTH) return []
  return [invalid('metadata.name', name, `must be no more than ${MAX_NAME_LENGTH} characters`)]
}
