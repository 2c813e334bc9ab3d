/** Of core/v1: containers, with their environment, probes, hooks and resources. */
export const CONTAINER_TYPES = `
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
type ContainerPort
 name string 1
 hostPort int32 2
 containerPort int32 3 required always
 protocol string 4 default="TCP"
 hostIP string 5
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
type FileKeySelector atomic
 volumeName string 1 required always
 path string 2 required always
 key string 3 required always
 optional *bool 4 default=false
type ResourceRequirements
 limits map[string]Quantity 1
 requests map[string]Quantity 2
 claims []ResourceClaim 3 list=map(name)
type ResourceClaim
 name string 1 required always
 request string 2
type ContainerResizePolicy
 resourceName string 1 required always
 restartPolicy string 2 required always
type ContainerRestartRule
 action string 1 required
 exitCodes *ContainerRestartRuleOnExitCodes 2
type ContainerRestartRuleOnExitCodes
 operator string 1 required
 values []int32 2 list=set
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
type Probe
 ...ProbeHandler 1
 initialDelaySeconds int32 2
 timeoutSeconds int32 3
 periodSeconds int32 4
 successThreshold int32 5
 failureThreshold int32 6
 terminationGracePeriodSeconds *int64 7
type ProbeHandler
 exec *ExecAction 1
 httpGet *HTTPGetAction 2
 tcpSocket *TCPSocketAction 3
 grpc *GRPCAction 4
type ExecAction
 command []string 1 list=atomic
type HTTPGetAction
 path string 1
 port IntOrString 2 required always
 host string 3
 scheme string 4
 httpHeaders []HTTPHeader 5 list=atomic
type HTTPHeader
 name string 1 required always
 value string 2 required always
type TCPSocketAction
 port IntOrString 1 required always
 host string 2
type GRPCAction
 port int32 1 required always
 service *string 2 always default=""
type Lifecycle
 postStart *LifecycleHandler 1
 preStop *LifecycleHandler 2
 stopSignal *string 3
type LifecycleHandler
 exec *ExecAction 1
 httpGet *HTTPGetAction 2
 tcpSocket *TCPSocketAction 3
 sleep *SleepAction 4
type SleepAction
 seconds int64 1 required always
type EphemeralContainer
 ...EphemeralContainerCommon 1
 targetContainerName string 2
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
`
