/** The types of rbac.authorization.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const RBAC_V1 = `
type PolicyRule
 verbs []string 1 required always list=atomic
 apiGroups []string 2 list=atomic
 resources []string 3 list=atomic
 resourceNames []string 4 list=atomic
 nonResourceURLs []string 5 list=atomic
type Subject atomic
 kind string 1 required always
 apiGroup string 2
 name string 3 required always
 namespace string 4
type RoleRef atomic
 apiGroup string 1 always
 kind string 2 required always
 name string 3 required always
kind Role
 metadata meta.ObjectMeta 1 always
 rules []PolicyRule 2 always list=atomic
kind RoleBinding
 metadata meta.ObjectMeta 1 always
 subjects []Subject 2 list=atomic
 roleRef RoleRef 3 required always
kind RoleBindingList
 metadata meta.ListMeta 1 always
 items []RoleBinding 2 required always
kind RoleList
 metadata meta.ListMeta 1 always
 items []Role 2 required always
kind ClusterRole
 metadata meta.ObjectMeta 1 always
 rules []PolicyRule 2 always list=atomic
 aggregationRule *AggregationRule 3
type AggregationRule
 clusterRoleSelectors []meta.LabelSelector 1 list=atomic
kind ClusterRoleBinding
 metadata meta.ObjectMeta 1 always
 subjects []Subject 2 list=atomic
 roleRef RoleRef 3 required always
kind ClusterRoleBindingList
 metadata meta.ListMeta 1 always
 items []ClusterRoleBinding 2 required always
kind ClusterRoleList
 metadata meta.ListMeta 1 always
 items []ClusterRole 2 required always
`
