/** The types of networking.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const NETWORKING_V1 = `
kind NetworkPolicy
 metadata meta.ObjectMeta 1 always
 spec NetworkPolicySpec 2 always
type NetworkPolicySpec
 podSelector meta.LabelSelector 1 always
 ingress []NetworkPolicyIngressRule 2 list=atomic
 egress []NetworkPolicyEgressRule 3 list=atomic
 policyTypes []string 4 list=atomic
type NetworkPolicyIngressRule
 ports []NetworkPolicyPort 1 list=atomic
 from []NetworkPolicyPeer 2 list=atomic
type NetworkPolicyEgressRule
 ports []NetworkPolicyPort 1 list=atomic
 to []NetworkPolicyPeer 2 list=atomic
type NetworkPolicyPort
 protocol *string 1
 port *IntOrString 2
 endPort *int32 3
type IPBlock
 cidr string 1 required always
 except []string 2 list=atomic
type NetworkPolicyPeer
 podSelector *meta.LabelSelector 1
 namespaceSelector *meta.LabelSelector 2
 ipBlock *IPBlock 3
kind NetworkPolicyList
 metadata meta.ListMeta 1 always
 items []NetworkPolicy 2 required always
kind Ingress
 metadata meta.ObjectMeta 1 always
 spec IngressSpec 2 always
 status IngressStatus 3 always
kind IngressList
 metadata meta.ListMeta 1 always
 items []Ingress 2 required always
type IngressSpec
 ingressClassName *string 4
 defaultBackend *IngressBackend 1
 tls []IngressTLS 2 list=atomic
 rules []IngressRule 3 list=atomic
type IngressTLS
 hosts []string 1 list=atomic
 secretName string 2
type IngressStatus
 loadBalancer IngressLoadBalancerStatus 1 always
type IngressLoadBalancerStatus
 ingress []IngressLoadBalancerIngress 1 list=atomic
type IngressLoadBalancerIngress
 ip string 1
 hostname string 2
 ports []IngressPortStatus 4 list=atomic
type IngressPortStatus
 port int32 1 required always
 protocol string 2 required always
 error *string 3
type IngressRule
 host string 1
 ...IngressRuleValue 2
type IngressRuleValue
 http *HTTPIngressRuleValue 1
type HTTPIngressRuleValue
 paths []HTTPIngressPath 1 required always list=atomic
type HTTPIngressPath
 path string 1
 pathType *string 3 required always
 backend IngressBackend 2 required always
type IngressBackend
 service *IngressServiceBackend 4
 resource *core.TypedLocalObjectReference 3
type IngressServiceBackend
 name string 1 required always
 port ServiceBackendPort 2 always
type ServiceBackendPort atomic
 name string 1
 number int32 2
kind IngressClass
 metadata meta.ObjectMeta 1 always
 spec IngressClassSpec 2 always
type IngressClassSpec
 controller string 1
 parameters *IngressClassParametersReference 2
type IngressClassParametersReference
 apiGroup *string 1
 kind string 2 required always
 name string 3 required always
 scope *string 4 always
 namespace *string 5
kind IngressClassList
 metadata meta.ListMeta 1 always
 items []IngressClass 2 required always
kind IPAddress
 metadata meta.ObjectMeta 1 always
 spec IPAddressSpec 2 required always
type IPAddressSpec
 parentRef *ParentReference 1 required
type ParentReference
 group string 1
 resource string 2 required
 namespace string 3
 name string 4 required
kind IPAddressList
 metadata meta.ListMeta 1 always
 items []IPAddress 2 required always
kind ServiceCIDR
 metadata meta.ObjectMeta 1 always
 spec ServiceCIDRSpec 2 always
 status ServiceCIDRStatus 3 always
type ServiceCIDRSpec
 cidrs []string 1 list=atomic
type ServiceCIDRStatus
 conditions []meta.Condition 1 patch=merge key=type list=map(type)
kind ServiceCIDRList
 metadata meta.ListMeta 1 always
 items []ServiceCIDR 2 required always
`
