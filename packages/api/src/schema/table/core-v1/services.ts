/** Of core/v1: Services and Endpoints. */
export const SERVICE_TYPES = `
kind Service
 metadata meta.ObjectMeta 1 always
 spec ServiceSpec 2 always
 status ServiceStatus 3 always
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
type PortStatus
 port int32 1 required always
 protocol string 2 required always
 error *string 3
kind ServiceList
 metadata meta.ListMeta 1 always
 items []Service 2 required always
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
`
