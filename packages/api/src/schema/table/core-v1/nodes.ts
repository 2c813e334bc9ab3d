/** Of core/v1: Nodes, and the health of components. */
export const NODE_TYPES = `
kind Node
 metadata meta.ObjectMeta 1 always
 spec NodeSpec 2 always
 status NodeStatus 3 always
type NodeSpec
 podCIDR string 1
 podCIDRs []string 7 patch=merge list=set
 providerID string 3
 unschedulable bool 4
 taints []Taint 5 list=atomic
 configSource *NodeConfigSource 6
 externalID string 2
type NodeConfigSource
 configMap *ConfigMapNodeConfigSource 2
type ConfigMapNodeConfigSource
 namespace string 1 required always
 name string 2 required always
 uid string 3
 resourceVersion string 4
 kubeletConfigKey string 5 required always
type NodeStatus
 capacity map[string]Quantity 1
 allocatable map[string]Quantity 2
 phase string 3
 conditions []NodeCondition 4 patch=merge key=type list=map(type)
 addresses []NodeAddress 5 patch=merge key=type list=map(type)
 daemonEndpoints NodeDaemonEndpoints 6 always
 nodeInfo NodeSystemInfo 7 always
 images []ContainerImage 8 list=atomic
 volumesInUse []string 9 list=atomic
 volumesAttached []AttachedVolume 10 list=atomic
 config *NodeConfigStatus 11
 runtimeHandlers []NodeRuntimeHandler 12 list=atomic
 features *NodeFeatures 13
 declaredFeatures []string 14 list=atomic
type NodeCondition
 type string 1 required always
 status string 2 required always
 lastHeartbeatTime Time 3 always
 lastTransitionTime Time 4 always
 reason string 5
 message string 6
type NodeAddress
 type string 1 required always
 address string 2 required always
type NodeDaemonEndpoints
 kubeletEndpoint DaemonEndpoint 1 always
type DaemonEndpoint
 Port int32 1 required always
type NodeSystemInfo
 machineID string 1 required always
 systemUUID string 2 required always
 bootID string 3 required always
 kernelVersion string 4 required always
 osImage string 5 required always
 containerRuntimeVersion string 6 required always
 kubeletVersion string 7 required always
 kubeProxyVersion string 8 required always
 operatingSystem string 9 required always
 architecture string 10 required always
 swap *NodeSwapStatus 11
type NodeSwapStatus
 capacity *int64 1
type ContainerImage
 names []string 1 always list=atomic
 sizeBytes int64 2
type AttachedVolume
 name string 1 required always
 devicePath string 2 required always
type NodeConfigStatus
 assigned *NodeConfigSource 1
 active *NodeConfigSource 2
 lastKnownGood *NodeConfigSource 3
 error string 4
type NodeRuntimeHandler
 name string 1 always
 features *NodeRuntimeHandlerFeatures 2
type NodeRuntimeHandlerFeatures
 recursiveReadOnlyMounts *bool 1
 userNamespaces *bool 2
type NodeFeatures
 supplementalGroupsPolicy *bool 1
kind NodeList
 metadata meta.ListMeta 1 always
 items []Node 2 required always
kind ComponentStatus
 metadata meta.ObjectMeta 1 always
 conditions []ComponentCondition 2 patch=merge key=type list=map(type)
type ComponentCondition
 type string 1 required always
 status string 2 required always
 message string 3
 error string 4
kind ComponentStatusList
 metadata meta.ListMeta 1 always
 items []ComponentStatus 2 required always
`
