/** The types of authorization.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const AUTHORIZATION_V1 = `
kind SubjectAccessReview
 metadata meta.ObjectMeta 1 always
 spec SubjectAccessReviewSpec 2 required always
 status SubjectAccessReviewStatus 3 always
kind SelfSubjectAccessReview
 metadata meta.ObjectMeta 1 always
 spec SelfSubjectAccessReviewSpec 2 required always
 status SubjectAccessReviewStatus 3 always
kind LocalSubjectAccessReview
 metadata meta.ObjectMeta 1 always
 spec SubjectAccessReviewSpec 2 required always
 status SubjectAccessReviewStatus 3 always
type ResourceAttributes
 namespace string 1
 verb string 2
 group string 3
 version string 4
 resource string 5
 subresource string 6
 name string 7
 fieldSelector *FieldSelectorAttributes 8
 labelSelector *LabelSelectorAttributes 9
type LabelSelectorAttributes
 rawSelector string 1
 requirements []meta.LabelSelectorRequirement 2 list=atomic
type FieldSelectorAttributes
 rawSelector string 1
 requirements []meta.FieldSelectorRequirement 2 list=atomic
type NonResourceAttributes
 path string 1
 verb string 2
type SubjectAccessReviewSpec
 resourceAttributes *ResourceAttributes 1
 nonResourceAttributes *NonResourceAttributes 2
 user string 3
 groups []string 4 list=atomic
 extra map[string]wrapped[]string 5
 uid string 6
type SelfSubjectAccessReviewSpec
 resourceAttributes *ResourceAttributes 1
 nonResourceAttributes *NonResourceAttributes 2
type SubjectAccessReviewStatus
 allowed bool 1 required always
 denied bool 4
 reason string 2
 evaluationError string 3
kind SelfSubjectRulesReview
 metadata meta.ObjectMeta 1 always
 spec SelfSubjectRulesReviewSpec 2 required always
 status SubjectRulesReviewStatus 3 always
type SelfSubjectRulesReviewSpec
 namespace string 1
type SubjectRulesReviewStatus
 resourceRules []ResourceRule 1 required always list=atomic
 nonResourceRules []NonResourceRule 2 required always list=atomic
 incomplete bool 3 required always
 evaluationError string 4
type ResourceRule
 verbs []string 1 required always list=atomic
 apiGroups []string 2 list=atomic
 resources []string 3 list=atomic
 resourceNames []string 4 list=atomic
type NonResourceRule
 verbs []string 1 required always list=atomic
 nonResourceURLs []string 2 list=atomic
`
