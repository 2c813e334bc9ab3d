/** Of core/v1: a pod's volumes. */
export const VOLUME_TYPES = `
type Volume
 name string 1 required always
 ...VolumeSource 2
type VolumeSource
 hostPath *HostPathVolumeSource 1
 emptyDir *EmptyDirVolumeSource 2
 gcePersistentDisk *GCEPersistentDiskVolumeSource 3
 awsElasticBlockStore *AWSElasticBlockStoreVolumeSource 4
 gitRepo *GitRepoVolumeSource 5
 secret *SecretVolumeSource 6
 nfs *NFSVolumeSource 7
 iscsi *ISCSIVolumeSource 8
 glusterfs *GlusterfsVolumeSource 9
 persistentVolumeClaim *PersistentVolumeClaimVolumeSource 10
 rbd *RBDVolumeSource 11
 flexVolume *FlexVolumeSource 12
 cinder *CinderVolumeSource 13
 cephfs *CephFSVolumeSource 14
 flocker *FlockerVolumeSource 15
 downwardAPI *DownwardAPIVolumeSource 16
 fc *FCVolumeSource 17
 azureFile *AzureFileVolumeSource 18
 configMap *ConfigMapVolumeSource 19
 vsphereVolume *VsphereVirtualDiskVolumeSource 20
 quobyte *QuobyteVolumeSource 21
 azureDisk *AzureDiskVolumeSource 22
 photonPersistentDisk *PhotonPersistentDiskVolumeSource 23
 projected *ProjectedVolumeSource 26
 portworxVolume *PortworxVolumeSource 24
 scaleIO *ScaleIOVolumeSource 25
 storageos *StorageOSVolumeSource 27
 csi *CSIVolumeSource 28
 ephemeral *EphemeralVolumeSource 29
 image *ImageVolumeSource 30
type HostPathVolumeSource
 path string 1 required always
 type *string 2
type EmptyDirVolumeSource
 medium string 1
 sizeLimit *Quantity 2
type GitRepoVolumeSource
 repository string 1 required always
 revision string 2
 directory string 3
type SecretVolumeSource
 secretName string 1
 items []KeyToPath 2 list=atomic
 defaultMode *int32 3
 optional *bool 4
type KeyToPath
 key string 1 required always
 path string 2 required always
 mode *int32 3
type PersistentVolumeClaimVolumeSource
 claimName string 1 required always
 readOnly bool 2
type DownwardAPIVolumeSource
 items []DownwardAPIVolumeFile 1 list=atomic
 defaultMode *int32 2
type DownwardAPIVolumeFile
 path string 1 required always
 fieldRef *ObjectFieldSelector 2
 resourceFieldRef *ResourceFieldSelector 3
 mode *int32 4
type ConfigMapVolumeSource
 ...LocalObjectReference 1
 items []KeyToPath 2 list=atomic
 defaultMode *int32 3
 optional *bool 4
type ProjectedVolumeSource
 sources []VolumeProjection 1 always list=atomic
 defaultMode *int32 2
type VolumeProjection
 secret *SecretProjection 1
 downwardAPI *DownwardAPIProjection 2
 configMap *ConfigMapProjection 3
 serviceAccountToken *ServiceAccountTokenProjection 4
 clusterTrustBundle *ClusterTrustBundleProjection 5
 podCertificate *PodCertificateProjection 6
type SecretProjection
 ...LocalObjectReference 1
 items []KeyToPath 2 list=atomic
 optional *bool 4
type DownwardAPIProjection
 items []DownwardAPIVolumeFile 1 list=atomic
type ConfigMapProjection
 ...LocalObjectReference 1
 items []KeyToPath 2 list=atomic
 optional *bool 4
type ServiceAccountTokenProjection
 audience string 1
 expirationSeconds *int64 2
 path string 3 required always
type ClusterTrustBundleProjection
 name *string 1
 signerName *string 2
 labelSelector *meta.LabelSelector 3
 optional *bool 5
 path string 4 required always
type PodCertificateProjection
 signerName string 1 required
 keyType string 2 required
 maxExpirationSeconds *int32 3
 credentialBundlePath string 4
 keyPath string 5
 certificateChainPath string 6
 userAnnotations map[string]string 7
type CSIVolumeSource
 driver string 1 required always
 readOnly *bool 2
 fsType *string 3
 volumeAttributes map[string]string 4
 nodePublishSecretRef *LocalObjectReference 5
type EphemeralVolumeSource
 volumeClaimTemplate *PersistentVolumeClaimTemplate 1
type ImageVolumeSource
 reference string 1
 pullPolicy string 2
`
