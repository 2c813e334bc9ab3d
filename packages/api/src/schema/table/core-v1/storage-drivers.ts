/** Of core/v1: volumes on the network and in clouds, as a pod and as a PersistentVolume have them. */
export const STORAGE_DRIVER_TYPES = `
type GlusterfsVolumeSource
 endpoints string 1 required always
 path string 2 required always
 readOnly bool 3
type GlusterfsPersistentVolumeSource
 endpoints string 1 required always
 path string 2 required always
 readOnly bool 3
 endpointsNamespace *string 4
type RBDVolumeSource
 monitors []string 1 required always list=atomic
 image string 2 required always
 fsType string 3
 pool string 4 default="rbd"
 user string 5 default="admin"
 keyring string 6 default="/etc/ceph/keyring"
 secretRef *LocalObjectReference 7
 readOnly bool 8
type RBDPersistentVolumeSource
 monitors []string 1 required always list=atomic
 image string 2 required always
 fsType string 3
 pool string 4 default="rbd"
 user string 5 default="admin"
 keyring string 6 default="/etc/ceph/keyring"
 secretRef *SecretReference 7
 readOnly bool 8
type CinderVolumeSource
 volumeID string 1 required always
 fsType string 2
 readOnly bool 3
 secretRef *LocalObjectReference 4
type CinderPersistentVolumeSource
 volumeID string 1 required always
 fsType string 2
 readOnly bool 3
 secretRef *SecretReference 4
type CephFSVolumeSource
 monitors []string 1 required always list=atomic
 path string 2
 user string 3
 secretFile string 4
 secretRef *LocalObjectReference 5
 readOnly bool 6
type CephFSPersistentVolumeSource
 monitors []string 1 required always list=atomic
 path string 2
 user string 3
 secretFile string 4
 secretRef *SecretReference 5
 readOnly bool 6
type FlockerVolumeSource
 datasetName string 1
 datasetUUID string 2
type GCEPersistentDiskVolumeSource
 pdName string 1 required always
 fsType string 2
 partition int32 3
 readOnly bool 4
type QuobyteVolumeSource
 registry string 1 required always
 volume string 2 required always
 readOnly bool 3
 user string 4
 group string 5
 tenant string 6
type FlexPersistentVolumeSource
 driver string 1 required always
 fsType string 2
 secretRef *SecretReference 3
 readOnly bool 4
 options map[string]string 5
type FlexVolumeSource
 driver string 1 required always
 fsType string 2
 secretRef *LocalObjectReference 3
 readOnly bool 4
 options map[string]string 5
type AWSElasticBlockStoreVolumeSource
 volumeID string 1 required always
 fsType string 2
 partition int32 3
 readOnly bool 4
type NFSVolumeSource
 server string 1 required always
 path string 2 required always
 readOnly bool 3
type ISCSIVolumeSource
 targetPortal string 1 required always
 iqn string 2 required always
 lun int32 3 required always
 iscsiInterface string 4 default="default"
 fsType string 5
 readOnly bool 6
 portals []string 7 list=atomic
 chapAuthDiscovery bool 8
 chapAuthSession bool 11
 secretRef *LocalObjectReference 10
 initiatorName *string 12
type ISCSIPersistentVolumeSource
 targetPortal string 1 required always
 iqn string 2 required always
 lun int32 3 required always
 iscsiInterface string 4 default="default"
 fsType string 5
 readOnly bool 6
 portals []string 7 list=atomic
 chapAuthDiscovery bool 8
 chapAuthSession bool 11
 secretRef *SecretReference 10
 initiatorName *string 12
type FCVolumeSource
 targetWWNs []string 1 list=atomic
 lun *int32 2
 fsType string 3
 readOnly bool 4
 wwids []string 5 list=atomic
type AzureFileVolumeSource
 secretName string 1 required always
 shareName string 2 required always
 readOnly bool 3
type AzureFilePersistentVolumeSource
 secretName string 1 required always
 shareName string 2 required always
 readOnly bool 3
 secretNamespace *string 4 always
type VsphereVirtualDiskVolumeSource
 volumePath string 1 required always
 fsType string 2
 storagePolicyName string 3
 storagePolicyID string 4
type PhotonPersistentDiskVolumeSource
 pdID string 1 required always
 fsType string 2
type AzureDiskVolumeSource
 diskName string 1 required always
 diskURI string 2 required always
 cachingMode *string 3
 fsType *string 4 default="ext4"
 readOnly *bool 5 default=false
 kind *string 6
type PortworxVolumeSource
 volumeID string 1 required always
 fsType string 2
 readOnly bool 3
type ScaleIOVolumeSource
 gateway string 1 required always
 system string 2 required always
 secretRef *LocalObjectReference 3 required always
 sslEnabled bool 4
 protectionDomain string 5
 storagePool string 6
 storageMode string 7 default="ThinProvisioned"
 volumeName string 8
 fsType string 9 default="xfs"
 readOnly bool 10
type ScaleIOPersistentVolumeSource
 gateway string 1 required always
 system string 2 required always
 secretRef *SecretReference 3 required always
 sslEnabled bool 4
 protectionDomain string 5
 storagePool string 6
 storageMode string 7 default="ThinProvisioned"
 volumeName string 8
 fsType string 9 default="xfs"
 readOnly bool 10
type StorageOSVolumeSource
 volumeName string 1
 volumeNamespace string 2
 fsType string 3
 readOnly bool 4
 secretRef *LocalObjectReference 5
type StorageOSPersistentVolumeSource
 volumeName string 1
 volumeNamespace string 2
 fsType string 3
 readOnly bool 4
 secretRef *ObjectReference 5
`
