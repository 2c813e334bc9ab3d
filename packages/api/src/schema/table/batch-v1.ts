/** The types of batch/v1, a line a field: see parse-table.ts for the format. */
export const BATCH_V1 = `
kind Job
 metadata meta.ObjectMeta 1 always
 spec JobSpec 2 always
 status JobStatus 3 always
kind JobList
 metadata meta.ListMeta 1 always
 items []Job 2 required always
type PodFailurePolicyOnExitCodesRequirement
 containerName *string 1
 operator string 2 required always
 values []int32 3 required always list=set
type PodFailurePolicyOnPodConditionsPattern
 type string 1 required always
 status string 2 always
type PodFailurePolicyRule
 action string 1 required always
 onExitCodes *PodFailurePolicyOnExitCodesRequirement 2
 onPodConditions []PodFailurePolicyOnPodConditionsPattern 3 list=atomic
type PodFailurePolicy
 rules []PodFailurePolicyRule 1 required always list=atomic
type SuccessPolicy
 rules []SuccessPolicyRule 1 required always list=atomic
type SuccessPolicyRule
 succeededIndexes *string 1
 succeededCount *int32 2
type JobSpec
 parallelism *int32 1
 completions *int32 2
 activeDeadlineSeconds *int64 3
 podFailurePolicy *PodFailurePolicy 11
 successPolicy *SuccessPolicy 16
 backoffLimit *int32 7
 backoffLimitPerIndex *int32 12
 maxFailedIndexes *int32 13
 selector *meta.LabelSelector 4
 manualSelector *bool 5
 template core.PodTemplateSpec 6 required always
 ttlSecondsAfterFinished *int32 8
 completionMode *string 9
 suspend *bool 10
 podReplacementPolicy *string 14
 managedBy *string 15
type JobStatus
 conditions []JobCondition 1 patch=merge key=type list=atomic
 startTime *Time 2
 completionTime *Time 3
 active int32 4
 succeeded int32 5
 failed int32 6
 terminating *int32 11
 completedIndexes string 7
 failedIndexes *string 10
 uncountedTerminatedPods *UncountedTerminatedPods 8
 ready *int32 9
type UncountedTerminatedPods
 succeeded []string 1 list=set
 failed []string 2 list=set
type JobCondition
 type string 1 required always
 status string 2 required always
 lastProbeTime Time 3 always
 lastTransitionTime Time 4 always
 reason string 5
 message string 6
type JobTemplateSpec
 metadata meta.ObjectMeta 1 always
 spec JobSpec 2 always
kind CronJob
 metadata meta.ObjectMeta 1 always
 spec CronJobSpec 2 required always
 status CronJobStatus 3 always
kind CronJobList
 metadata meta.ListMeta 1 always
 items []CronJob 2 required always
type CronJobSpec
 schedule string 1 required always
 timeZone *string 8
 startingDeadlineSeconds *int64 2
 concurrencyPolicy string 3
 suspend *bool 4
 jobTemplate JobTemplateSpec 5 required always
 successfulJobsHistoryLimit *int32 6
 failedJobsHistoryLimit *int32 7
type CronJobStatus
 active []core.ObjectReference 1 list=atomic
 lastScheduleTime *Time 4
 lastSuccessfulTime *Time 5
`
