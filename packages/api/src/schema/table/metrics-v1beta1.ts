/** The types of metrics.k8s.io/v1beta1, a line a field: see parse-table.ts for the format. */
export const METRICS_V1BETA1 = `
kind NodeMetrics
 metadata meta.ObjectMeta 1 always
 timestamp Time 2 required always
 window string 3 required always
 usage map[string]Quantity 4 required always
kind NodeMetricsList
 metadata meta.ListMeta 1 always
 items []NodeMetrics 2 required always
kind PodMetrics
 metadata meta.ObjectMeta 1 always
 timestamp Time 2 required always
 window string 3 required always
 containers []ContainerMetrics 4 required always list=atomic
kind PodMetricsList
 metadata meta.ListMeta 1 always
 items []PodMetrics 2 required always
type ContainerMetrics
 name string 1 required always
 usage map[string]Quantity 2 required always
`
