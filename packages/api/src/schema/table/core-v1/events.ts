/** Of core/v1: Events. */
export const EVENT_TYPES = `
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
type EventSource
 component string 1
 host string 2
type EventSeries
 count int32 1
 lastObservedTime MicroTime 2 always
kind EventList
 metadata meta.ListMeta 1 always
 items []Event 2 required always
`
