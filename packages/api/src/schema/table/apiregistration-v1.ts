/** The types of apiregistration.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const APIREGISTRATION_V1 = `
kind APIServiceList
 metadata meta.ListMeta 1 always
 items []APIService 2 required always
type ServiceReference
 namespace string 1
 name string 2
 port *int32 3
type APIServiceSpec
 service *ServiceReference 1
 group string 2
 version string 3
 insecureSkipTLSVerify bool 4
 caBundle bytes 5 list=atomic
 groupPriorityMinimum int32 7 required always
 versionPriority int32 8 required always
type APIServiceCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
type APIServiceStatus
 conditions []APIServiceCondition 1 patch=merge key=type list=map(type)
kind APIService
 metadata meta.ObjectMeta 1 always
 spec APIServiceSpec 2 always
 status APIServiceStatus 3 always
`
