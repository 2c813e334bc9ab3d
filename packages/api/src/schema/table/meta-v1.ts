/** The types of meta.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const META_V1 = `
type ListMeta
 selfLink string 1
 resourceVersion string 2
 continue string 3
 remainingItemCount *int64 4
 shardInfo *ShardInfo 5
type ShardInfo
 selector string 1 required always
type ObjectMeta
 name string 1
 generateName string 2
 namespace string 3
 selfLink string 4
 uid string 5
 resourceVersion string 6
 generation int64 7
 creationTimestamp Time 8
 deletionTimestamp *Time 9
 deletionGracePeriodSeconds *int64 10
 labels map[string]string 11
 annotations map[string]string 12
 ownerReferences []OwnerReference 13 patch=merge key=uid list=map(uid)
 finalizers []string 14 patch=merge list=set
 managedFields []ManagedFieldsEntry 17 list=atomic
type OwnerReference atomic
 apiVersion string 5 required always
 kind string 1 required always
 name string 3 required always
 uid string 4 required always
 controller *bool 6
 blockOwnerDeletion *bool 7
kind DeleteOptions
 gracePeriodSeconds *int64 1
 preconditions *Preconditions 2
 orphanDependents *bool 3
 propagationPolicy *string 4
 dryRun []string 5 list=atomic
 ignoreStoreReadErrorWithClusterBreakingPotential *bool 6
type Preconditions
 uid *string 1
 resourceVersion *string 2
kind Status
 metadata ListMeta 1 always
 status string 2
 message string 3
 reason string 4
 details *StatusDetails 5
 code int32 6
type StatusDetails
 name string 1
 group string 2
 kind string 3
 uid string 6
 causes []StatusCause 4 list=atomic
 retryAfterSeconds int32 5
type StatusCause
 reason string 1
 message string 2
 field string 3
type LabelSelector atomic
 matchLabels map[string]string 1
 matchExpressions []LabelSelectorRequirement 2 list=atomic
type LabelSelectorRequirement
 key string 1 required always
 operator string 2 required always
 values []string 3 list=atomic
type FieldSelectorRequirement
 key string 1 required always
 operator string 2 required always
 values []string 3 list=atomic
type ManagedFieldsEntry
 manager string 1
 operation string 2
 apiVersion string 3
 time *Time 4
 fieldsType string 6
 fieldsV1 *FieldsV1 7
 subresource string 8
type Condition
 type string 1 required always
 status string 2 required always
 observedGeneration int64 3
 lastTransitionTime Time 4 required always
 reason string 5 required always
 message string 6 required always
`
