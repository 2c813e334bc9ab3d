/** The types of policy/v1, a line a field: see parse-table.ts for the format. */
export const POLICY_V1 = `
type PodDisruptionBudgetSpec
 minAvailable *IntOrString 1
 selector *meta.LabelSelector 2 patch=replace
 maxUnavailable *IntOrString 3
 unhealthyPodEvictionPolicy *string 4
type PodDisruptionBudgetStatus
 observedGeneration int64 1
 disruptedPods map[string]Time 2
 disruptionsAllowed int32 3 always
 currentHealthy int32 4 always
 desiredHealthy int32 5 always
 expectedPods int32 6 always
 conditions []meta.Condition 7 patch=merge key=type list=map(type)
kind PodDisruptionBudget
 metadata meta.ObjectMeta 1 always
 spec PodDisruptionBudgetSpec 2 always
 status PodDisruptionBudgetStatus 3 always
kind PodDisruptionBudgetList
 metadata meta.ListMeta 1 always
 items []PodDisruptionBudget 2 required always
kind Eviction
 metadata meta.ObjectMeta 1 always
 deleteOptions *meta.DeleteOptions 2
`
