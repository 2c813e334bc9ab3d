/** The types of storage.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const STORAGE_V1 = `
kind StorageClass
 metadata meta.ObjectMeta 1 always
 provisioner string 2 required always
 parameters map[string]string 3
 reclaimPolicy *string 4
 mountOptions []string 5 list=atomic
 allowVolumeExpansion *bool 6
 volumeBindingMode *string 7
 allowedTopologies []core.TopologySelectorTerm 8 list=atomic
kind StorageClassList
 metadata meta.ListMeta 1 always
 items []StorageClass 2 required always
kind VolumeAttachment
 metadata meta.ObjectMeta 1 always
 spec VolumeAttachmentSpec 2 required always
 status VolumeAttachmentStatus 3 always
kind VolumeAttachmentList
 metadata meta.ListMeta 1 always
 items []VolumeAttachment 2 required always
type VolumeAttachmentSpec
 attacher string 1 required always
 source VolumeAttachmentSource 2 required always
 nodeName string 3 required always
type VolumeAttachmentSource
 persistentVolumeName *string 1
 inlineVolumeSpec *core.PersistentVolumeSpec 2
type VolumeAttachmentStatus
 attached bool 1 required always
 attachmentMetadata map[string]string 2
 attachError *VolumeError 3
 detachError *VolumeError 4
type VolumeError
 time Time 1 always
 message string 2
 errorCode *int32 3
kind CSIDriver
 metadata meta.ObjectMeta 1 always
 spec CSIDriverSpec 2 required always
kind CSIDriverList
 metadata meta.ListMeta 1 always
 items []CSIDriver 2 required always
type CSIDriverSpec
 attachRequired *bool 1
 podInfoOnMount *bool 2
 volumeLifecycleModes []string 3 list=set
 storageCapacity *bool 4
 fsGroupPolicy *string 5
 tokenRequests []TokenRequest 6 list=atomic
 requiresRepublish *bool 7
 seLinuxMount *bool 8
 nodeAllocatableUpdatePeriodSeconds *int64 9
 serviceAccountTokenInSecrets *bool 10
 preventPodSchedulingIfMissing *bool 11
type TokenRequest
 audience string 1 required always
 expirationSeconds *int64 2
kind CSINode
 metadata meta.ObjectMeta 1 always
 spec CSINodeSpec 2 required always
type CSINodeSpec
 drivers []CSINodeDriver 1 required always patch=merge key=name list=map(name)
type CSINodeDriver
 name string 1 required always
 nodeID string 2 required always
 topologyKeys []string 3 always list=atomic
 allocatable *VolumeNodeResources 4
type VolumeNodeResources
 count *int32 1
kind CSINodeList
 metadata meta.ListMeta 1 always
 items []CSINode 2 required always
kind CSIStorageCapacity
 metadata meta.ObjectMeta 1 always
 nodeTopology *meta.LabelSelector 2
 storageClassName string 3 required always
 capacity *Quantity 4
 maximumVolumeSize *Quantity 5
kind CSIStorageCapacityList
 metadata meta.ListMeta 1 always
 items []CSIStorageCapacity 2 required always
kind VolumeAttributesClass
 metadata meta.ObjectMeta 1 always
 driverName string 2 required always
 parameters map[string]string 3
kind VolumeAttributesClassList
 metadata meta.ListMeta 1 always
 items []VolumeAttributesClass 2 required always
`
