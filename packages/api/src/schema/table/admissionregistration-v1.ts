/** The types of admissionregistration.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const ADMISSIONREGISTRATION_V1 = `
type Rule
 apiGroups []string 1 list=atomic
 apiVersions []string 2 list=atomic
 resources []string 3 list=atomic
 scope *string 4
kind ValidatingAdmissionPolicy
 metadata meta.ObjectMeta 1 always
 spec ValidatingAdmissionPolicySpec 2 always
 status ValidatingAdmissionPolicyStatus 3 always
type ValidatingAdmissionPolicyStatus
 observedGeneration int64 1
 typeChecking *TypeChecking 2
 conditions []meta.Condition 3 list=map(type)
type TypeChecking
 expressionWarnings []ExpressionWarning 1 list=atomic
type ExpressionWarning
 fieldRef string 2 required always
 warning string 3 required always
kind ValidatingAdmissionPolicyList
 metadata meta.ListMeta 1 always
 items []ValidatingAdmissionPolicy 2 required always
type ValidatingAdmissionPolicySpec
 paramKind *ParamKind 1
 matchConstraints *MatchResources 2
 validations []Validation 3 list=atomic
 failurePolicy *string 4
 auditAnnotations []AuditAnnotation 5 list=atomic
 matchConditions []MatchCondition 6 patch=merge key=name list=map(name)
 variables []Variable 7 patch=merge key=name list=map(name)
type ParamKind atomic
 apiVersion string 1
 kind string 2
type Validation
 expression string 1 required always
 message string 2
 reason *string 3
 messageExpression string 4
type Variable atomic
 name string 1 required always
 expression string 2 required always
type AuditAnnotation
 key string 1 required always
 valueExpression string 2 required always
kind ValidatingAdmissionPolicyBinding
 metadata meta.ObjectMeta 1 always
 spec ValidatingAdmissionPolicyBindingSpec 2 required always
kind ValidatingAdmissionPolicyBindingList
 metadata meta.ListMeta 1 always
 items []ValidatingAdmissionPolicyBinding 2 required always
type ValidatingAdmissionPolicyBindingSpec
 policyName string 1 required
 paramRef *ParamRef 2
 matchResources *MatchResources 3
 validationActions []string 4 required list=set
type ParamRef atomic
 name string 1
 namespace string 2
 selector *meta.LabelSelector 3
 parameterNotFoundAction *string 4
type MatchResources atomic
 namespaceSelector *meta.LabelSelector 1
 objectSelector *meta.LabelSelector 2
 resourceRules []NamedRuleWithOperations 3 list=atomic
 excludeResourceRules []NamedRuleWithOperations 4 list=atomic
 matchPolicy *string 7
type NamedRuleWithOperations atomic
 resourceNames []string 1 list=atomic
 ...RuleWithOperations 2
kind ValidatingWebhookConfiguration
 metadata meta.ObjectMeta 1 always
 webhooks []ValidatingWebhook 2 patch=merge key=name list=map(name)
kind ValidatingWebhookConfigurationList
 metadata meta.ListMeta 1 always
 items []ValidatingWebhookConfiguration 2 required always
kind MutatingWebhookConfiguration
 metadata meta.ObjectMeta 1 always
 webhooks []MutatingWebhook 2 patch=merge key=name list=map(name)
kind MutatingWebhookConfigurationList
 metadata meta.ListMeta 1 always
 items []MutatingWebhookConfiguration 2 required always
type ValidatingWebhook
 name string 1 required always
 clientConfig WebhookClientConfig 2 required always
 rules []RuleWithOperations 3 list=atomic
 failurePolicy *string 4
 matchPolicy *string 9
 namespaceSelector *meta.LabelSelector 5
 objectSelector *meta.LabelSelector 10
 sideEffects *string 6 required always
 timeoutSeconds *int32 7
 admissionReviewVersions []string 8 required always list=atomic
 matchConditions []MatchCondition 11 patch=merge key=name list=map(name)
type MutatingWebhook
 name string 1 required always
 clientConfig WebhookClientConfig 2 required always
 rules []RuleWithOperations 3 list=atomic
 failurePolicy *string 4
 matchPolicy *string 9
 namespaceSelector *meta.LabelSelector 5
 objectSelector *meta.LabelSelector 11
 sideEffects *string 6 required always
 timeoutSeconds *int32 7
 admissionReviewVersions []string 8 required always list=atomic
 reinvocationPolicy *string 10
 matchConditions []MatchCondition 12 patch=merge key=name list=map(name)
kind MutatingAdmissionPolicy
 metadata meta.ObjectMeta 1 always
 spec MutatingAdmissionPolicySpec 2 always
kind MutatingAdmissionPolicyList
 metadata meta.ListMeta 1 always
 items []MutatingAdmissionPolicy 2 required always
type MutatingAdmissionPolicySpec
 paramKind *ParamKind 1
 matchConstraints *MatchResources 2
 variables []Variable 3 list=atomic
 mutations []Mutation 4 list=atomic
 failurePolicy *string 5
 matchConditions []MatchCondition 6 patch=merge key=name list=map(name)
 reinvocationPolicy string 7
type Mutation
 patchType string 2 required always
 applyConfiguration *ApplyConfiguration 3
 jsonPatch *JSONPatch 4
type ApplyConfiguration
 expression string 1
type JSONPatch
 expression string 1
kind MutatingAdmissionPolicyBinding
 metadata meta.ObjectMeta 1 always
 spec MutatingAdmissionPolicyBindingSpec 2 always
kind MutatingAdmissionPolicyBindingList
 metadata meta.ListMeta 1 always
 items []MutatingAdmissionPolicyBinding 2 required always
type MutatingAdmissionPolicyBindingSpec
 policyName string 1
 paramRef *ParamRef 2
 matchResources *MatchResources 3
type RuleWithOperations
 operations []string 1 list=atomic
 ...Rule 2
type WebhookClientConfig
 url *string 3
 service *ServiceReference 1
 caBundle bytes 2
type ServiceReference
 namespace string 1 required always
 name string 2 required always
 path *string 3
 port *int32 4
type MatchCondition
 name string 1 required always
 expression string 2 required always
`
