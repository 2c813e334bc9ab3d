import { CRON_JOBS, type CronJob, path } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { ageCell, objectAge, selectorCell } from '../cells.ts'
import { AGE_COLUMN, integerColumn, NAME_COLUMN, textColumn } from '../columns.ts'
import { defaultPodSpec } from '../pods/default-pod-spec.ts'
import { withStatus } from '../status.ts'
import { namesakeWarnings } from '../warnings/workload-warnings.ts'
import { SELECTOR_COLUMN, TEMPLATE_COLUMNS, templateCells } from '../workloads/workload-columns.ts'
import { validateCronJob } from './validate-cron-job.ts'

export const cronJobResource: ResourceDefinition = {
  info: CRON_JOBS,
  subresources: ['status'],
  strategy: {
    ...withStatus(CRON_JOBS),
    default: (cronJob: CronJob) => defaultCronJob(cronJob),
    validate: (cronJob: CronJob) => validateCronJob(cronJob),
    warnings: namesakeWarnings(
      path('spec', 'jobTemplate', 'spec', 'template'),
      ({ spec }: CronJob) => spec.jobTemplate?.spec?.template,
    ),
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Schedule', 'When it is due, in cron format.'),
      textColumn('Timezone', 'Time zone of the schedule.'),
      { name: 'Suspend', type: 'boolean', description: 'Whether no jobs are started for now.' },
      integerColumn('Active', 'Jobs that are running.'),
      textColumn('Last Schedule', 'Time since a job was last started.'),
      AGE_COLUMN,
      ...TEMPLATE_COLUMNS,
      SELECTOR_COLUMN,
    ],
    cells: (cronJob: CronJob, now) => [
      cronJob.metadata.name,
      cronJob.spec.schedule,
      cronJob.spec.timeZone ?? '<none>',
      cronJob.spec.suspend === true ? 'True' : 'False',
      (cronJob.status?.active ?? []).length,
      cronJob.status?.lastScheduleTime ? ageCell(cronJob.status.lastScheduleTime, now) : '<none>',
      objectAge(cronJob, now),
      ...templateCells(cronJob.spec.jobTemplate?.spec?.template),
      selectorCell(cronJob.spec.jobTemplate?.spec?.selector),
    ],
  },
}

function defaultCronJob({ spec }: CronJob): void {
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  const pods = spec.jobTemplate?.spec?.template?.spec
  if (pods) defaultPodSpec(pods)
}
