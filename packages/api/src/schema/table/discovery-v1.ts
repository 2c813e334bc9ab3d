/** The types of discovery.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const DISCOVERY_V1 = `
kind EndpointSlice
 metadata meta.ObjectMeta 1 always
 addressType string 4 required always
 endpoints []Endpoint 2 always list=atomic
 ports []EndpointPort 3 always list=atomic
type Endpoint
 addresses []string 1 required always list=set
 conditions EndpointConditions 2 always
 hostname *string 3
 targetRef *core.ObjectReference 4
 deprecatedTopology map[string]string 5
 nodeName *string 6
 zone *string 7
 hints *EndpointHints 8
type EndpointConditions
 ready *bool 1
 serving *bool 2
 terminating *bool 3
type EndpointHints
 forZones []ForZone 1 list=atomic
 forNodes []ForNode 2 list=atomic
type ForZone
 name string 1 required always
type ForNode
 name string 1 required always
type EndpointPort atomic
 name *string 1
 protocol *string 2
 port *int32 3
 appProtocol *string 4
kind EndpointSliceList
 metadata meta.ListMeta 1 always
 items []EndpointSlice 2 required always
`
