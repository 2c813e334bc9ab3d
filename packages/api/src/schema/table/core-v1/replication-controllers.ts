/** Of core/v1: ReplicationControllers. */
export const REPLICATION_CONTROLLER_TYPES = `
kind ReplicationController
 metadata meta.ObjectMeta 1 always
 spec ReplicationControllerSpec 2 always
 status ReplicationControllerStatus 3 always
type ReplicationControllerSpec
 replicas *int32 1 default=1
 minReadySeconds int32 4 default=0
 selector map[string]string 2 map=atomic
 template *PodTemplateSpec 3
type ReplicationControllerStatus
 replicas int32 1 required always
 fullyLabeledReplicas int32 2
 readyReplicas int32 4
 availableReplicas int32 5
 observedGeneration int64 3
 conditions []ReplicationControllerCondition 6 patch=merge key=type list=map(type)
type ReplicationControllerCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
kind ReplicationControllerList
 metadata meta.ListMeta 1 always
 items []ReplicationController 2 required always
`
