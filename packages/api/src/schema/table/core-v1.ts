/** The types of core/v1, a line a field: see parse-table.ts for the format. */
export const CORE_V1 = `
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
type PersistentVolumeClaimVolumeSource
 claimName string 1 required always
 readOnly bool 2
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
kind PersistentVolumeClaimList
 metadata meta.ListMeta 1 always
 items []PersistentVolumeClaim 2 required always
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
type TypedObjectReference
 apiGroup *string 1 always
 kind string 2 required always
 name string 3 required always
 namespace *string 4
type ModifyVolumeStatus
 targetVolumeAttributesClassName string 1
 status string 2 required always
type PersistentVolumeClaimCondition
 type string 1 required always
 status string 2 required always
 lastProbeTime Time 3 always
 lastTransitionTime Time 4 always
 reason string 5
 message string 6
type PersistentVolumeClaimStatus
 phase string 1
 accessModes []string 2 list=atomic
 capacity map[string]Quantity 3
 conditions []PersistentVolumeClaimCondition 4 patch=merge key=type list=map(type)
 allocatedResources map[string]Quantity 5
 allocatedResourceStatuses map[string]string 7 map=granular
 currentVolumeAttributesClassName *string 8
 modifyVolumeStatus *ModifyVolumeStatus 9
type HostPathVolumeSource
 path string 1 required always
 type *string 2
type EmptyDirVolumeSource
 medium string 1
 sizeLimit *Quantity 2
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
type SecretReference atomic
 name string 1
 namespace string 2
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
type GitRepoVolumeSource
 repository string 1 required always
 revision string 2
 directory string 3
type SecretVolumeSource
 secretName string 1
 items []KeyToPath 2 list=atomic
 defaultMode *int32 3
 optional *bool 4
type SecretProjection
 ...LocalObjectReference 1
 items []KeyToPath 2 list=atomic
 optional *bool 4
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
type ConfigMapVolumeSource
 ...LocalObjectReference 1
 items []KeyToPath 2 list=atomic
 defaultMode *int32 3
 optional *bool 4
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
type KeyToPath
 key string 1 required always
 path string 2 required always
 mode *int32 3
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
type CSIVolumeSource
 driver string 1 required always
 readOnly *bool 2
 fsType *string 3
 volumeAttributes map[string]string 4
 nodePublishSecretRef *LocalObjectReference 5
type EphemeralVolumeSource
 volumeClaimTemplate *PersistentVolumeClaimTemplate 1
type PersistentVolumeClaimTemplate
 metadata meta.ObjectMeta 1 always
 spec PersistentVolumeClaimSpec 2 required always
type ContainerPort
 name string 1
 hostPort int32 2
 containerPort int32 3 required always
 protocol string 4 default="TCP"
 hostIP string 5
type VolumeMount
 name string 1 required always
 readOnly bool 2
 recursiveReadOnly *string 7
 mountPath string 3 required always
 subPath string 4
 mountPropagation *string 5
 subPathExpr string 6
type VolumeDevice
 name string 1 required always
 devicePath string 2 required always
type EnvVar
 name string 1 required always
 value string 2
 valueFrom *EnvVarSource 3
type EnvVarSource
 fieldRef *ObjectFieldSelector 1
 resourceFieldRef *ResourceFieldSelector 2
 configMapKeyRef *ConfigMapKeySelector 3
 secretKeyRef *SecretKeySelector 4
 fileKeyRef *FileKeySelector 5
type FileKeySelector atomic
 volumeName string 1 required always
 path string 2 required always
 key string 3 required always
 optional *bool 4 default=false
type ObjectFieldSelector atomic
 apiVersion string 1
 fieldPath string 2 required always
type ResourceFieldSelector atomic
 containerName string 1
 resource string 2 required always
 divisor Quantity 3 always
type ConfigMapKeySelector atomic
 ...LocalObjectReference 1
 key string 2 required always
 optional *bool 3
type SecretKeySelector atomic
 ...LocalObjectReference 1
 key string 2 required always
 optional *bool 3
type EnvFromSource
 prefix string 1
 configMapRef *ConfigMapEnvSource 2
 secretRef *SecretEnvSource 3
type ConfigMapEnvSource
 ...LocalObjectReference 1
 optional *bool 2
type SecretEnvSource
 ...LocalObjectReference 1
 optional *bool 2
type HTTPHeader
 name string 1 required always
 value string 2 required always
type HTTPGetAction
 path string 1
 port IntOrString 2 required always
 host string 3
 scheme string 4
 httpHeaders []HTTPHeader 5 list=atomic
type TCPSocketAction
 port IntOrString 1 required always
 host string 2
type GRPCAction
 port int32 1 required always
 service *string 2 always default=""
type ExecAction
 command []string 1 list=atomic
type SleepAction
 seconds int64 1 required always
type Probe
 ...ProbeHandler 1
 initialDelaySeconds int32 2
 timeoutSeconds int32 3
 periodSeconds int32 4
 successThreshold int32 5
 failureThreshold int32 6
 terminationGracePeriodSeconds *int64 7
type ContainerResizePolicy
 resourceName string 1 required always
 restartPolicy string 2 required always
type Capabilities
 add []string 1 list=atomic
 drop []string 2 list=atomic
type ResourceRequirements
 limits map[string]Quantity 1
 requests map[string]Quantity 2
 claims []ResourceClaim 3 list=map(name)
type VolumeResourceRequirements
 limits map[string]Quantity 1
 requests map[string]Quantity 2
type ResourceClaim
 name string 1 required always
 request string 2
type Container
 name string 1 required always
 image string 2
 command []string 3 list=atomic
 args []string 4 list=atomic
 workingDir string 5
 ports []ContainerPort 6 patch=merge key=containerPort list=map(containerPort,protocol)
 envFrom []EnvFromSource 19 list=atomic
 env []EnvVar 7 patch=merge key=name list=map(name)
 resources ResourceRequirements 8 always
 resizePolicy []ContainerResizePolicy 23 list=atomic
 restartPolicy *string 24
 restartPolicyRules []ContainerRestartRule 25 list=atomic
 volumeMounts []VolumeMount 9 patch=merge key=mountPath list=map(mountPath)
 volumeDevices []VolumeDevice 21 patch=merge key=devicePath list=map(devicePath)
 livenessProbe *Probe 10
 readinessProbe *Probe 11
 startupProbe *Probe 22
 lifecycle *Lifecycle 12
 terminationMessagePath string 13
 terminationMessagePolicy string 20
 imagePullPolicy string 14
 securityContext *SecurityContext 15
 stdin bool 16
 stdinOnce bool 17
 tty bool 18
type ProbeHandler
 exec *ExecAction 1
 httpGet *HTTPGetAction 2
 tcpSocket *TCPSocketAction 3
 grpc *GRPCAction 4
type LifecycleHandler
 exec *ExecAction 1
 httpGet *HTTPGetAction 2
 tcpSocket *TCPSocketAction 3
 sleep *SleepAction 4
type Lifecycle
 postStart *LifecycleHandler 1
 preStop *LifecycleHandler 2
 stopSignal *string 3
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
type ContainerState
 waiting *ContainerStateWaiting 1
 running *ContainerStateRunning 2
 terminated *ContainerStateTerminated 3
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
type ResourceStatus
 name string 1 required always
 resources []ResourceHealth 2 list=map(resourceID)
type ResourceHealth
 resourceID string 1 required always
 health string 2
 message *string 6
type ContainerUser
 linux *LinuxContainerUser 1
type LinuxContainerUser
 uid int64 1 required always
 gid int64 2 required always
 supplementalGroups []int64 3 list=atomic
type PodCondition
 type string 1 required always
 observedGeneration int64 7
 status string 2 required always
 lastProbeTime Time 3 always
 lastTransitionTime Time 4 always
 reason string 5
 message string 6
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
type ContainerRestartRule
 action string 1 required
 exitCodes *ContainerRestartRuleOnExitCodes 2
type ContainerRestartRuleOnExitCodes
 operator string 1 required
 values []int32 2 list=set
type NodeSelector atomic
 nodeSelectorTerms []NodeSelectorTerm 1 required always list=atomic
type NodeSelectorTerm atomic
 matchExpressions []NodeSelectorRequirement 1 list=atomic
 matchFields []NodeSelectorRequirement 2 list=atomic
type NodeSelectorRequirement
 key string 1 required always
 operator string 2 required always
 values []string 3 list=atomic
type TopologySelectorTerm atomic
 matchLabelExpressions []TopologySelectorLabelRequirement 1 list=atomic
type TopologySelectorLabelRequirement
 key string 1 required always
 values []string 2 required always list=atomic
type Affinity
 nodeAffinity *NodeAffinity 1
 podAffinity *PodAffinity 2
 podAntiAffinity *PodAntiAffinity 3
type PodAffinity
 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm 1 list=atomic
 preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm 2 list=atomic
type PodAntiAffinity
 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm 1 list=atomic
 preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm 2 list=atomic
type WeightedPodAffinityTerm
 weight int32 1 required always
 podAffinityTerm PodAffinityTerm 2 required always
type PodAffinityTerm
 labelSelector *meta.LabelSelector 1
 namespaces []string 2 list=atomic
 topologyKey string 3 required always
 namespaceSelector *meta.LabelSelector 4
 matchLabelKeys []string 5 list=atomic
 mismatchLabelKeys []string 6 list=atomic
type NodeAffinity
 requiredDuringSchedulingIgnoredDuringExecution *NodeSelector 1
 preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm 2 list=atomic
type PreferredSchedulingTerm
 weight int32 1 required always
 preference NodeSelectorTerm 2 required always
type Taint
 key string 1 required always
 value string 2
 effect string 3 required always
 timeAdded *Time 4
type Toleration
 key string 1
 operator string 2
 value string 3
 effect string 4
 tolerationSeconds *int64 5
type PodReadinessGate
 conditionType string 1 required always
type PodSpec
 volumes []Volume 1 patch=merge,retainKeys key=name list=map(name)
 initContainers []Container 20 patch=merge key=name list=map(name)
 containers []Container 2 required always patch=merge key=name list=map(name)
 ephemeralContainers []EphemeralContainer 34 patch=merge key=name list=map(name)
 restartPolicy string 3
 terminationGracePeriodSeconds *int64 4
 activeDeadlineSeconds *int64 5
 dnsPolicy string 6
 nodeSelector map[string]string 7 map=atomic
 serviceAccountName string 8
 serviceAccount string 9
 automountServiceAccountToken *bool 21
 nodeName string 10
 hostNetwork bool 11
 hostPID bool 12
 hostIPC bool 13
 shareProcessNamespace *bool 27
 securityContext *PodSecurityContext 14
 imagePullSecrets []LocalObjectReference 15 patch=merge key=name list=map(name)
 hostname string 16
 subdomain string 17
 affinity *Affinity 18
 schedulerName string 19
 tolerations []Toleration 22 list=atomic
 hostAliases []HostAlias 23 patch=merge key=ip list=map(ip)
 priorityClassName string 24
 priority *int32 25
 dnsConfig *PodDNSConfig 26
 readinessGates []PodReadinessGate 28 list=atomic
 runtimeClassName *string 29
 enableServiceLinks *bool 30
 preemptionPolicy *string 31
 overhead map[string]Quantity 32
 topologySpreadConstraints []TopologySpreadConstraint 33 patch=merge key=topologyKey list=map(topologyKey,whenUnsatisfiable)
 setHostnameAsFQDN *bool 35
 os *PodOS 36
 hostUsers *bool 37
 schedulingGates []PodSchedulingGate 38 patch=merge key=name list=map(name)
 resourceClaims []PodResourceClaim 39 patch=merge,retainKeys key=name list=map(name)
 resources *ResourceRequirements 40
 hostnameOverride *string 41
 schedulingGroup *PodSchedulingGroup 43
type PodResourceClaim
 name string 1 required always
 resourceClaimName *string 3
 resourceClaimTemplateName *string 4
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
type PodOS
 name string 1 required always
type PodSchedulingGate
 name string 1 required always
type PodSchedulingGroup
 podGroupName *string 1
type TopologySpreadConstraint
 maxSkew int32 1 required always
 topologyKey string 2 required always
 whenUnsatisfiable string 3 required always
 labelSelector *meta.LabelSelector 4
 minDomains *int32 5
 nodeAffinityPolicy *string 6
 nodeTaintsPolicy *string 7
 matchLabelKeys []string 8 list=atomic
type HostAlias
 ip string 1 required always
 hostnames []string 2 list=atomic
type PodSecurityContext
 seLinuxOptions *SELinuxOptions 1
 windowsOptions *WindowsSecurityContextOptions 8
 runAsUser *int64 2
 runAsGroup *int64 6
 runAsNonRoot *bool 3
 supplementalGroups []int64 4 list=atomic
 supplementalGroupsPolicy *string 12
 fsGroup *int64 5
 sysctls []Sysctl 7 list=atomic
 fsGroupChangePolicy *string 9
 seccompProfile *SeccompProfile 10
 appArmorProfile *AppArmorProfile 11
 seLinuxChangePolicy *string 13
type SeccompProfile
 type string 1 required always
 localhostProfile *string 2
type AppArmorProfile
 type string 1 required always
 localhostProfile *string 2
type PodDNSConfig
 nameservers []string 1 list=atomic
 searches []string 2 list=atomic
 options []PodDNSConfigOption 3 list=atomic
type PodDNSConfigOption
 name string 1
 value *string 2
type PodIP
 ip string 1 required always
type HostIP
 ip string 1 required always
type EphemeralContainerCommon
 name string 1 required always
 image string 2
 command []string 3 list=atomic
 args []string 4 list=atomic
 workingDir string 5
 ports []ContainerPort 6 patch=merge key=containerPort list=map(containerPort,protocol)
 envFrom []EnvFromSource 19 list=atomic
 env []EnvVar 7 patch=merge key=name list=map(name)
 resources ResourceRequirements 8 always
 resizePolicy []ContainerResizePolicy 23 list=atomic
 restartPolicy *string 24
 restartPolicyRules []ContainerRestartRule 25 list=atomic
 volumeMounts []VolumeMount 9 patch=merge key=mountPath list=map(mountPath)
 volumeDevices []VolumeDevice 21 patch=merge key=devicePath list=map(devicePath)
 livenessProbe *Probe 10
 readinessProbe *Probe 11
 startupProbe *Probe 22
 lifecycle *Lifecycle 12
 terminationMessagePath string 13
 terminationMessagePolicy string 20
 imagePullPolicy string 14
 securityContext *SecurityContext 15
 stdin bool 16
 stdinOnce bool 17
 tty bool 18
type EphemeralContainer
 ...EphemeralContainerCommon 1
 targetContainerName string 2
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
kind Pod
 metadata meta.ObjectMeta 1 always
 spec PodSpec 2 always
 status PodStatus 3 always
kind PodList
 metadata meta.ListMeta 1 always
 items []Pod 2 required always
type PodTemplateSpec
 metadata meta.ObjectMeta 1 always
 spec PodSpec 2 always
kind PodTemplate
 metadata meta.ObjectMeta 1 always
 template PodTemplateSpec 2 always
kind PodTemplateList
 metadata meta.ListMeta 1 always
 items []PodTemplate 2 required always
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
kind ReplicationController
 metadata meta.ObjectMeta 1 always
 spec ReplicationControllerSpec 2 always
 status ReplicationControllerStatus 3 always
kind ReplicationControllerList
 metadata meta.ListMeta 1 always
 items []ReplicationController 2 required always
type SessionAffinityConfig
 clientIP *ClientIPConfig 1
type ClientIPConfig
 timeoutSeconds *int32 1
type ServiceStatus
 loadBalancer LoadBalancerStatus 1 always
 conditions []meta.Condition 2 patch=merge key=type list=map(type)
type LoadBalancerStatus
 ingress []LoadBalancerIngress 1 list=atomic
type LoadBalancerIngress
 ip string 1
 hostname string 2
 ipMode *string 3
 ports []PortStatus 4 list=atomic
type ServiceSpec
 ports []ServicePort 1 patch=merge key=port list=map(port,protocol)
 selector map[string]string 2 map=atomic
 clusterIP string 3
 clusterIPs []string 18 list=atomic
 type string 4
 externalIPs []string 5 list=atomic
 sessionAffinity string 7
 loadBalancerIP string 8
 loadBalancerSourceRanges []string 9 list=atomic
 externalName string 10
 externalTrafficPolicy string 11
 healthCheckNodePort int32 12
 publishNotReadyAddresses bool 13
 sessionAffinityConfig *SessionAffinityConfig 14
 ipFamilies []string 19 list=atomic
 ipFamilyPolicy *string 17
 allocateLoadBalancerNodePorts *bool 20
 loadBalancerClass *string 21
 internalTrafficPolicy *string 22
 trafficDistribution *string 23
type ServicePort
 name string 1
 protocol string 2 default="TCP"
 appProtocol *string 6
 port int32 3 required always
 targetPort IntOrString 4 always
 nodePort int32 5
kind Service
 metadata meta.ObjectMeta 1 always
 spec ServiceSpec 2 always
 status ServiceStatus 3 always
kind ServiceList
 metadata meta.ListMeta 1 always
 items []Service 2 required always
kind ServiceAccount
 metadata meta.ObjectMeta 1 always
 secrets []ObjectReference 2 patch=merge key=name list=map(name)
 imagePullSecrets []LocalObjectReference 3 list=atomic
 automountServiceAccountToken *bool 4
kind ServiceAccountList
 metadata meta.ListMeta 1 always
 items []ServiceAccount 2 required always
kind Endpoints
 metadata meta.ObjectMeta 1 always
 subsets []EndpointSubset 2 list=atomic
type EndpointSubset
 addresses []EndpointAddress 1 list=atomic
 notReadyAddresses []EndpointAddress 2 list=atomic
 ports []EndpointPort 3 list=atomic
type EndpointAddress atomic
 ip string 1 required always
 hostname string 3
 nodeName *string 4
 targetRef *ObjectReference 2
type EndpointPort atomic
 name string 1
 port int32 2 required always
 protocol string 3
 appProtocol *string 4
kind EndpointsList
 metadata meta.ListMeta 1 always
 items []Endpoints 2 required always
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
type DaemonEndpoint
 Port int32 1 required always
type NodeDaemonEndpoints
 kubeletEndpoint DaemonEndpoint 1 always
type NodeRuntimeHandlerFeatures
 recursiveReadOnlyMounts *bool 1
 userNamespaces *bool 2
type NodeRuntimeHandler
 name string 1 always
 features *NodeRuntimeHandlerFeatures 2
type NodeFeatures
 supplementalGroupsPolicy *bool 1
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
type NodeConfigStatus
 assigned *NodeConfigSource 1
 active *NodeConfigSource 2
 lastKnownGood *NodeConfigSource 3
 error string 4
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
type AttachedVolume
 name string 1 required always
 devicePath string 2 required always
type ContainerImage
 names []string 1 always list=atomic
 sizeBytes int64 2
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
kind Node
 metadata meta.ObjectMeta 1 always
 spec NodeSpec 2 always
 status NodeStatus 3 always
kind NodeList
 metadata meta.ListMeta 1 always
 items []Node 2 required always
type NamespaceSpec
 finalizers []string 1 list=atomic
type NamespaceStatus
 phase string 1
 conditions []NamespaceCondition 2 patch=merge key=type list=map(type)
type NamespaceCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 4 always
 reason string 5
 message string 6
kind Namespace
 metadata meta.ObjectMeta 1 always
 spec NamespaceSpec 2 always
 status NamespaceStatus 3 always
kind NamespaceList
 metadata meta.ListMeta 1 always
 items []Namespace 2 required always
kind Binding
 metadata meta.ObjectMeta 1 always
 target ObjectReference 2 required always
type ObjectReference atomic
 kind string 1
 namespace string 2
 name string 3
 uid string 4
 apiVersion string 5
 resourceVersion string 6
 fieldPath string 7
type LocalObjectReference atomic
 name string 1 default=""
type TypedLocalObjectReference atomic
 apiGroup *string 1 always
 kind string 2 required always
 name string 3 required always
type EventSource
 component string 1
 host string 2
kind Event
 metadata meta.ObjectMeta 1 required always
 involvedObject ObjectReference 2 required always
 reason string 3
 message string 4
 source EventSource 5 always
 firstTimestamp Time 6 always
 lastTimestamp Time 7 always
 count int32 8
 type string 9
 eventTime MicroTime 10 always
 series *EventSeries 11
 action string 12
 related *ObjectReference 13
 reportingComponent string 14 always
 reportingInstance string 15 always
type EventSeries
 count int32 1
 lastObservedTime MicroTime 2 always
kind EventList
 metadata meta.ListMeta 1 always
 items []Event 2 required always
type LimitRangeItem
 type string 1 required always
 max map[string]Quantity 2
 min map[string]Quantity 3
 default map[string]Quantity 4
 defaultRequest map[string]Quantity 5
 maxLimitRequestRatio map[string]Quantity 6
type LimitRangeSpec
 limits []LimitRangeItem 1 required always list=atomic
kind LimitRange
 metadata meta.ObjectMeta 1 always
 spec LimitRangeSpec 2 always
kind LimitRangeList
 metadata meta.ListMeta 1 always
 items []LimitRange 2 required always
type ResourceQuotaSpec
 hard map[string]Quantity 1
 scopes []string 2 list=atomic
 scopeSelector *ScopeSelector 3
type ScopeSelector atomic
 matchExpressions []ScopedResourceSelectorRequirement 1 list=atomic
type ScopedResourceSelectorRequirement
 scopeName string 1 required always
 operator string 2 required always
 values []string 3 list=atomic
type ResourceQuotaStatus
 hard map[string]Quantity 1
 used map[string]Quantity 2
kind ResourceQuota
 metadata meta.ObjectMeta 1 always
 spec ResourceQuotaSpec 2 always
 status ResourceQuotaStatus 3 always
kind ResourceQuotaList
 metadata meta.ListMeta 1 always
 items []ResourceQuota 2 required always
kind Secret
 metadata meta.ObjectMeta 1 always
 immutable *bool 5
 data map[string]bytes 2
 stringData map[string]string 4
 type string 3
kind SecretList
 metadata meta.ListMeta 1 always
 items []Secret 2 required always
kind ConfigMap
 metadata meta.ObjectMeta 1 always
 immutable *bool 4
 data map[string]string 2
 binaryData map[string]bytes 3
kind ConfigMapList
 metadata meta.ListMeta 1 always
 items []ConfigMap 2 required always
type ComponentCondition
 type string 1 required always
 status string 2 required always
 message string 3
 error string 4
kind ComponentStatus
 metadata meta.ObjectMeta 1 always
 conditions []ComponentCondition 2 patch=merge key=type list=map(type)
kind ComponentStatusList
 metadata meta.ListMeta 1 always
 items []ComponentStatus 2 required always
type DownwardAPIVolumeSource
 items []DownwardAPIVolumeFile 1 list=atomic
 defaultMode *int32 2
type DownwardAPIVolumeFile
 path string 1 required always
 fieldRef *ObjectFieldSelector 2
 resourceFieldRef *ResourceFieldSelector 3
 mode *int32 4
type DownwardAPIProjection
 items []DownwardAPIVolumeFile 1 list=atomic
type SecurityContext
 capabilities *Capabilities 1
 privileged *bool 2
 seLinuxOptions *SELinuxOptions 3
 windowsOptions *WindowsSecurityContextOptions 10
 runAsUser *int64 4
 runAsGroup *int64 8
 runAsNonRoot *bool 5
 readOnlyRootFilesystem *bool 6
 allowPrivilegeEscalation *bool 7
 procMount *string 9
 seccompProfile *SeccompProfile 11
 appArmorProfile *AppArmorProfile 12
type SELinuxOptions
 user string 1
 role string 2
 type string 3
 level string 4
type WindowsSecurityContextOptions
 gmsaCredentialSpecName *string 1
 gmsaCredentialSpec *string 2
 runAsUserName *string 3
 hostProcess *bool 4
type Sysctl
 name string 1 required always
 value string 2 required always
type PortStatus
 port int32 1 required always
 protocol string 2 required always
 error *string 3
type ImageVolumeSource
 reference string 1
 pullPolicy string 2
type NodeAllocatableResourceClaimStatus
 resourceClaimName string 1 required always
 containers []string 2 list=set
 resources map[string]Quantity 3 required always
`
