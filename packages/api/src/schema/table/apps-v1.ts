/** The types of apps/v1, a line a field: see parse-table.ts for the format. */
export const APPS_V1 = `
kind StatefulSet
 metadata meta.ObjectMeta 1 always
 spec StatefulSetSpec 2 always
 status StatefulSetStatus 3 always
type StatefulSetUpdateStrategy
 type string 1
 rollingUpdate *RollingUpdateStatefulSetStrategy 2
type RollingUpdateStatefulSetStrategy
 partition *int32 1
 maxUnavailable *IntOrString 2
type StatefulSetPersistentVolumeClaimRetentionPolicy
 whenDeleted string 1
 whenScaled string 2
type StatefulSetOrdinals
 start int32 1 always
type StatefulSetSpec
 replicas *int32 1
 selector *meta.LabelSelector 2 required always
 template core.PodTemplateSpec 3 required always
 volumeClaimTemplates []core.PersistentVolumeClaim 4 list=atomic
 serviceName string 5 always
 podManagementPolicy string 6
 updateStrategy StatefulSetUpdateStrategy 7 always
 revisionHistoryLimit *int32 8
 minReadySeconds int32 9
 persistentVolumeClaimRetentionPolicy *StatefulSetPersistentVolumeClaimRetentionPolicy 10
 ordinals *StatefulSetOrdinals 11
type StatefulSetStatus
 observedGeneration int64 1
 replicas int32 2 required always
 readyReplicas int32 3
 currentReplicas int32 4
 updatedReplicas int32 5
 currentRevision string 6
 updateRevision string 7
 collisionCount *int32 9
 conditions []StatefulSetCondition 10 patch=merge key=type list=map(type)
 availableReplicas int32 11 always
type StatefulSetCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
kind StatefulSetList
 metadata meta.ListMeta 1 always
 items []StatefulSet 2 required always
kind Deployment
 metadata meta.ObjectMeta 1 always
 spec DeploymentSpec 2 always
 status DeploymentStatus 3 always
type DeploymentSpec
 replicas *int32 1
 selector *meta.LabelSelector 2 required always
 template core.PodTemplateSpec 3 required always
 strategy DeploymentStrategy 4 always patch=retainKeys
 minReadySeconds int32 5
 revisionHistoryLimit *int32 6
 paused bool 7
 progressDeadlineSeconds *int32 9
type DeploymentStrategy
 type string 1
 rollingUpdate *RollingUpdateDeployment 2
type RollingUpdateDeployment
 maxUnavailable *IntOrString 1
 maxSurge *IntOrString 2
type DeploymentStatus
 observedGeneration int64 1
 replicas int32 2
 updatedReplicas int32 3
 readyReplicas int32 7
 availableReplicas int32 4
 unavailableReplicas int32 5
 terminatingReplicas *int32 9
 conditions []DeploymentCondition 6 patch=merge key=type list=map(type)
 collisionCount *int32 8
type DeploymentCondition
 type string 1 required always
 status string 2 required always
 lastUpdateTime Time 6 always
 lastTransitionTime Time 7 always
 reason string 4
 message string 5
kind DeploymentList
 metadata meta.ListMeta 1 always
 items []Deployment 2 required always
type DaemonSetUpdateStrategy
 type string 1
 rollingUpdate *RollingUpdateDaemonSet 2
type RollingUpdateDaemonSet
 maxUnavailable *IntOrString 1
 maxSurge *IntOrString 2
type DaemonSetSpec
 selector *meta.LabelSelector 1 required always
 template core.PodTemplateSpec 2 required always
 updateStrategy DaemonSetUpdateStrategy 3 always
 minReadySeconds int32 4
 revisionHistoryLimit *int32 6
type DaemonSetStatus
 currentNumberScheduled int32 1 required always
 numberMisscheduled int32 2 required always
 desiredNumberScheduled int32 3 required always
 numberReady int32 4 required always
 observedGeneration int64 5
 updatedNumberScheduled int32 6
 numberAvailable int32 7
 numberUnavailable int32 8
 collisionCount *int32 9
 conditions []DaemonSetCondition 10 patch=merge key=type list=map(type)
type DaemonSetCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
kind DaemonSet
 metadata meta.ObjectMeta 1 always
 spec DaemonSetSpec 2 always
 status DaemonSetStatus 3 always
kind DaemonSetList
 metadata meta.ListMeta 1 always
 items []DaemonSet 2 required always
kind ReplicaSet
 metadata meta.ObjectMeta 1 always
 spec ReplicaSetSpec 2 always
 status ReplicaSetStatus 3 always
kind ReplicaSetList
 metadata meta.ListMeta 1 always
 items []ReplicaSet 2 required always
type ReplicaSetSpec
 replicas *int32 1
 minReadySeconds int32 4
 selector *meta.LabelSelector 2 required always
 template core.PodTemplateSpec 3 always
type ReplicaSetStatus
 replicas int32 1 required always
 fullyLabeledReplicas int32 2
 readyReplicas int32 4
 availableReplicas int32 5
 terminatingReplicas *int32 7
 observedGeneration int64 3
 conditions []ReplicaSetCondition 6 patch=merge key=type list=map(type)
type ReplicaSetCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
kind ControllerRevision
 metadata meta.ObjectMeta 1 always
 data RawExtension 2 always
 revision int64 3 required always
kind ControllerRevisionList
 metadata meta.ListMeta 1 always
 items []ControllerRevision 2 required always
`
