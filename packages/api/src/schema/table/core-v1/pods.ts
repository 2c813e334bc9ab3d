/** Of core/v1: Pods, their templates and Bindings. */
export const POD_TYPES = `
kind Pod
 metadata meta.ObjectMeta 1 always
 spec PodSpec 2 always
 status PodStatus 3 always
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
type HostAlias
 ip string 1 required always
 hostnames []string 2 list=atomic
type PodDNSConfig
 nameservers []string 1 list=atomic
 searches []string 2 list=atomic
 options []PodDNSConfigOption 3 list=atomic
type PodDNSConfigOption
 name string 1
 value *string 2
type PodReadinessGate
 conditionType string 1 required always
type PodOS
 name string 1 required always
type PodSchedulingGate
 name string 1 required always
type PodResourceClaim
 name string 1 required always
 resourceClaimName *string 3
 resourceClaimTemplateName *string 4
type PodSchedulingGroup
 podGroupName *string 1
kind PodList
 metadata meta.ListMeta 1 always
 items []Pod 2 required always
kind PodTemplate
 metadata meta.ObjectMeta 1 always
 template PodTemplateSpec 2 always
type PodTemplateSpec
 metadata meta.ObjectMeta 1 always
 spec PodSpec 2 always
kind PodTemplateList
 metadata meta.ListMeta 1 always
 items []PodTemplate 2 required always
kind Binding
 metadata meta.ObjectMeta 1 always
 target ObjectReference 2 required always
`
