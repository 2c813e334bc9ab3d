/** Of core/v1: a pod's status and those of its containers. */
export const POD_STATUS_TYPES = `
type PodStatus
 observedGeneration int64 17
 phase string 1
 conditions []PodCondition 2 patch=merge key=type list=map(type)
 message string 3
 reason string 4
 nominatedNodeName string 11
 hostIP string 5
 hostIPs []HostIP 16 patch=merge key=ip list=atomic
 podIP string 6
 podIPs []PodIP 12 patch=merge key=ip list=map(ip)
 startTime *Time 7
 initContainerStatuses []ContainerStatus 10 list=atomic
 containerStatuses []ContainerStatus 8 list=atomic
 qosClass string 9
 ephemeralContainerStatuses []ContainerStatus 13 list=atomic
 resize string 14
 resourceClaimStatuses []PodResourceClaimStatus 15 patch=merge,retainKeys key=name list=map(name)
 extendedResourceClaimStatus *PodExtendedResourceClaimStatus 18
 allocatedResources map[string]Quantity 19
 resources *ResourceRequirements 20
 nodeAllocatableResourceClaimStatuses []NodeAllocatableResourceClaimStatus 21 list=atomic
type PodCondition
 type string 1 required always
 observedGeneration int64 7
 status string 2 required always
 lastProbeTime Time 3 always
 lastTransitionTime Time 4 always
 reason string 5
 message string 6
type HostIP
 ip string 1 required always
type PodIP
 ip string 1 required always
type ContainerStatus
 name string 1 required always
 state ContainerState 2 always
 lastState ContainerState 3 always
 ready bool 4 required always
 restartCount int32 5 required always
 image string 6 required always
 imageID string 7 required always
 containerID string 8
 started *bool 9
 allocatedResources map[string]Quantity 10
 resources *ResourceRequirements 11
 volumeMounts []VolumeMountStatus 12 patch=merge key=mountPath list=map(mountPath)
 user *ContainerUser 13
 allocatedResourcesStatus []ResourceStatus 14 patch=merge key=name list=map(name)
 stopSignal *string 15
type ContainerState
 waiting *ContainerStateWaiting 1
 running *ContainerStateRunning 2
 terminated *ContainerStateTerminated 3
type ContainerStateWaiting
 reason string 1
 message string 2
type ContainerStateRunning
 startedAt Time 1 always
type ContainerStateTerminated
 exitCode int32 1 required always
 signal int32 2
 reason string 3
 message string 4
 startedAt Time 5 always
 finishedAt Time 6 always
 containerID string 7
type VolumeMountStatus
 name string 1 required always
 mountPath string 2 required always
 readOnly bool 3
 recursiveReadOnly *string 4
 volumeStatus *VolumeStatus 5
type VolumeStatus
 image *ImageVolumeStatus 1
type ImageVolumeStatus
 imageRef string 1 required
type ContainerUser
 linux *LinuxContainerUser 1
type LinuxContainerUser
 uid int64 1 required always
 gid int64 2 required always
 supplementalGroups []int64 3 list=atomic
type ResourceStatus
 name string 1 required always
 resources []ResourceHealth 2 list=map(resourceID)
type ResourceHealth
 resourceID string 1 required always
 health string 2
 message *string 6
type PodResourceClaimStatus
 name string 1 required always
 resourceClaimName *string 2
type PodExtendedResourceClaimStatus
 requestMappings []ContainerExtendedResourceRequest 1 required always list=atomic
 resourceClaimName string 2 required always
type ContainerExtendedResourceRequest
 containerName string 1 required always
 resourceName string 2 required always
 requestName string 3 required always
type NodeAllocatableResourceClaimStatus
 resourceClaimName string 1 required always
 containers []string 2 list=set
 resources map[string]Quantity 3 required always
`
