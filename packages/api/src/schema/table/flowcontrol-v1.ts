/** The types of flowcontrol.apiserver.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const FLOWCONTROL_V1 = `
kind FlowSchema
 metadata meta.ObjectMeta 1 always
 spec FlowSchemaSpec 2 always
 status FlowSchemaStatus 3 always
kind FlowSchemaList
 metadata meta.ListMeta 1 always
 items []FlowSchema 2 required always
type FlowSchemaSpec
 priorityLevelConfiguration PriorityLevelConfigurationReference 1 required always
 matchingPrecedence int32 2 always
 distinguisherMethod *FlowDistinguisherMethod 3
 rules []PolicyRulesWithSubjects 4 list=atomic
type FlowDistinguisherMethod
 type string 1 required always
type PriorityLevelConfigurationReference
 name string 1 required always
type PolicyRulesWithSubjects
 subjects []Subject 1 required always list=atomic
 resourceRules []ResourcePolicyRule 2 list=atomic
 nonResourceRules []NonResourcePolicyRule 3 list=atomic
type Subject
 kind string 1 required always
 user *UserSubject 2
 group *GroupSubject 3
 serviceAccount *ServiceAccountSubject 4
type UserSubject
 name string 1 required always
type GroupSubject
 name string 1 required always
type ServiceAccountSubject
 namespace string 1 required always
 name string 2 required always
type ResourcePolicyRule
 verbs []string 1 required always list=set
 apiGroups []string 2 required always list=set
 resources []string 3 required always list=set
 clusterScope bool 4
 namespaces []string 5 always list=set
type NonResourcePolicyRule
 verbs []string 1 required always list=set
 nonResourceURLs []string 6 required always list=set
type FlowSchemaStatus
 conditions []FlowSchemaCondition 1 patch=merge key=type list=map(type)
type FlowSchemaCondition
 type string 1
 status string 2
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
kind PriorityLevelConfiguration
 metadata meta.ObjectMeta 1 always
 spec PriorityLevelConfigurationSpec 2 always
 status PriorityLevelConfigurationStatus 3 always
kind PriorityLevelConfigurationList
 metadata meta.ListMeta 1 always
 items []PriorityLevelConfiguration 2 required always
type PriorityLevelConfigurationSpec
 type string 1 required always
 limited *LimitedPriorityLevelConfiguration 2
 exempt *ExemptPriorityLevelConfiguration 3
type LimitedPriorityLevelConfiguration
 nominalConcurrencyShares *int32 1 always
 limitResponse LimitResponse 2 always
 lendablePercent *int32 3
 borrowingLimitPercent *int32 4
type ExemptPriorityLevelConfiguration
 nominalConcurrencyShares *int32 1
 lendablePercent *int32 2
type LimitResponse
 type string 1 required always
 queuing *QueuingConfiguration 2
type QueuingConfiguration
 queues int32 1 always
 handSize int32 2 always
 queueLengthLimit int32 3 always
type PriorityLevelConfigurationStatus
 conditions []PriorityLevelConfigurationCondition 1 patch=merge key=type list=map(type)
type PriorityLevelConfigurationCondition
 type string 1
 status string 2
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
`
