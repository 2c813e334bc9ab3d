/** The types of scheduling.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const SCHEDULING_V1 = `
kind PriorityClass
 metadata meta.ObjectMeta 1 always
 value int32 2 always
 globalDefault bool 3
 description string 4
 preemptionPolicy *string 5
kind PriorityClassList
 metadata meta.ListMeta 1 always
 items []PriorityClass 2 required always
`
