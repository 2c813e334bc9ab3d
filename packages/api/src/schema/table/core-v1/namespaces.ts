/** Of core/v1: Namespaces and what limits them. */
export const NAMESPACE_TYPES = `
kind Namespace
 metadata meta.ObjectMeta 1 always
 spec NamespaceSpec 2 always
 status NamespaceStatus 3 always
type NamespaceSpec
 finalizers []string 1 list=atomic
type NamespaceStatus
 phase string 1
 conditions []NamespaceCondition 2 patch=merge key=type list=map(type)
type NamespaceCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 4 always
 reason string 5
 message string 6
kind NamespaceList
 metadata meta.ListMeta 1 always
 items []Namespace 2 required always
kind LimitRange
 metadata meta.ObjectMeta 1 always
 spec LimitRangeSpec 2 always
type LimitRangeSpec
 limits []LimitRangeItem 1 required always list=atomic
type LimitRangeItem
 type string 1 required always
 max map[string]Quantity 2
 min map[string]Quantity 3
 default map[string]Quantity 4
 defaultRequest map[string]Quantity 5
 maxLimitRequestRatio map[string]Quantity 6
kind LimitRangeList
 metadata meta.ListMeta 1 always
 items []LimitRange 2 required always
kind ResourceQuota
 metadata meta.ObjectMeta 1 always
 spec ResourceQuotaSpec 2 always
 status ResourceQuotaStatus 3 always
type ResourceQuotaSpec
 hard map[string]Quantity 1
 scopes []string 2 list=atomic
 scopeSelector *ScopeSelector 3
type ScopeSelector atomic
 matchExpressions []ScopedResourceSelectorRequirement 1 list=atomic
type ScopedResourceSelectorRequirement
 scopeName string 1 required always
 operator string 2 required always
 values []string 3 list=atomic
type ResourceQuotaStatus
 hard map[string]Quantity 1
 used map[string]Quantity 2
kind ResourceQuotaList
 metadata meta.ListMeta 1 always
 items []ResourceQuota 2 required always
`
