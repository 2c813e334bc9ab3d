/** The types of node.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const NODE_V1 = `
kind RuntimeClass
 metadata meta.ObjectMeta 1 always
 handler string 2 required always
 overhead *Overhead 3
 scheduling *Scheduling 4
type Overhead
 podFixed map[string]Quantity 1
type Scheduling
 nodeSelector map[string]string 1 map=atomic
 tolerations []core.Toleration 2 list=atomic
kind RuntimeClassList
 metadata meta.ListMeta 1 always
 items []RuntimeClass 2 required always
`
