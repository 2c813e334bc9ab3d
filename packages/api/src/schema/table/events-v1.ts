/** The types of events.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const EVENTS_V1 = `
kind Event
 metadata meta.ObjectMeta 1 always
 eventTime MicroTime 2 required always
 series *EventSeries 3
 reportingController string 4
 reportingInstance string 5
 action string 6
 reason string 7
 regarding core.ObjectReference 8 always
 related *core.ObjectReference 9
 note string 10
 type string 11
 deprecatedSource core.EventSource 12 always
 deprecatedFirstTimestamp Time 13 always
 deprecatedLastTimestamp Time 14 always
 deprecatedCount int32 15
type EventSeries
 count int32 1 required always
 lastObservedTime MicroTime 2 required always
kind EventList
 metadata meta.ListMeta 1 always
 items []Event 2 required always
`
