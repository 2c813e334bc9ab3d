/** Of core/v1: PersistentVolumes and the claims on them. */
export const PERSISTENT_VOLUME_TYPES = `
kind PersistentVolume
 metadata meta.ObjectMeta 1 always
 spec PersistentVolumeSpec 2 always
 status PersistentVolumeStatus 3 always
type PersistentVolumeSpec
 capacity map[string]Quantity 1
 ...PersistentVolumeSource 2
 accessModes []string 3 list=atomic
 claimRef *ObjectReference 4
 persistentVolumeReclaimPolicy string 5
 storageClassName string 6
 mountOptions []string 7 list=atomic
 volumeMode *string 8
 nodeAffinity *VolumeNodeAffinity 9
 volumeAttributesClassName *string 10
type PersistentVolumeSource
 gcePersistentDisk *GCEPersistentDiskVolumeSource 1
 awsElasticBlockStore *AWSElasticBlockStoreVolumeSource 2
 hostPath *HostPathVolumeSource 3
 glusterfs *GlusterfsPersistentVolumeSource 4
 nfs *NFSVolumeSource 5
 rbd *RBDPersistentVolumeSource 6
 iscsi *ISCSIPersistentVolumeSource 7
 cinder *CinderPersistentVolumeSource 8
 cephfs *CephFSPersistentVolumeSource 9
 fc *FCVolumeSource 10
 flocker *FlockerVolumeSource 11
 flexVolume *FlexPersistentVolumeSource 12
 azureFile *AzureFilePersistentVolumeSource 13
 vsphereVolume *VsphereVirtualDiskVolumeSource 14
 quobyte *QuobyteVolumeSource 15
 azureDisk *AzureDiskVolumeSource 16
 photonPersistentDisk *PhotonPersistentDiskVolumeSource 17
 portworxVolume *PortworxVolumeSource 18
 scaleIO *ScaleIOPersistentVolumeSource 19
 local *LocalVolumeSource 20
 storageos *StorageOSPersistentVolumeSource 21
 csi *CSIPersistentVolumeSource 22
type LocalVolumeSource
 path string 1 required always
 fsType *string 2
type CSIPersistentVolumeSource
 driver string 1 required always
 volumeHandle string 2 required always
 readOnly bool 3
 fsType string 4
 volumeAttributes map[string]string 5
 controllerPublishSecretRef *SecretReference 6
 nodeStageSecretRef *SecretReference 7
 nodePublishSecretRef *SecretReference 8
 controllerExpandSecretRef *SecretReference 9
 nodeExpandSecretRef *SecretReference 10
type VolumeNodeAffinity
 required *NodeSelector 1
type PersistentVolumeStatus
 phase string 1
 message string 2
 reason string 3
 lastPhaseTransitionTime *Time 4
kind PersistentVolumeList
 metadata meta.ListMeta 1 always
 items []PersistentVolume 2 required always
kind PersistentVolumeClaim
 metadata meta.ObjectMeta 1 always
 spec PersistentVolumeClaimSpec 2 always
 status PersistentVolumeClaimStatus 3 always
type PersistentVolumeClaimSpec
 accessModes []string 1 list=atomic
 selector *meta.LabelSelector 4
 resources VolumeResourceRequirements 2 always
 volumeName string 3
 storageClassName *string 5
 volumeMode *string 6
 dataSource *TypedLocalObjectReference 7
 dataSourceRef *TypedObjectReference 8
 volumeAttributesClassName *string 9
type VolumeResourceRequirements
 limits map[string]Quantity 1
 requests map[string]Quantity 2
type PersistentVolumeClaimStatus
 phase string 1
 accessModes []string 2 list=atomic
 capacity map[string]Quantity 3
 conditions []PersistentVolumeClaimCondition 4 patch=merge key=type list=map(type)
 allocatedResources map[string]Quantity 5
 allocatedResourceStatuses map[string]string 7 map=granular
 currentVolumeAttributesClassName *string 8
 modifyVolumeStatus *ModifyVolumeStatus 9
type PersistentVolumeClaimCondition
 type string 1 required always
 status string 2 required always
 lastProbeTime Time 3 always
 lastTransitionTime Time 4 always
 reason string 5
 message string 6
type ModifyVolumeStatus
 targetVolumeAttributesClassName string 1
 status string 2 required always
kind PersistentVolumeClaimList
 metadata meta.ListMeta 1 always
 items []PersistentVolumeClaim 2 required always
type PersistentVolumeClaimTemplate
 metadata meta.ObjectMeta 1 always
 spec PersistentVolumeClaimSpec 2 required always
`
