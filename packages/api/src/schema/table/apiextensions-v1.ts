/** The types of apiextensions.k8s.io/v1, a line a field: see parse-table.ts for the format. */
export const APIEXTENSIONS_V1 = `
type CustomResourceDefinitionSpec
 group string 1 required always
 names CustomResourceDefinitionNames 3 required always
 scope string 4 required always
 versions []CustomResourceDefinitionVersion 7 required always list=atomic
 conversion *CustomResourceConversion 9
 preserveUnknownFields bool 10
type CustomResourceConversion
 strategy string 1 required always
 webhook *WebhookConversion 2
type WebhookConversion
 clientConfig *WebhookClientConfig 2
 conversionReviewVersions []string 3 required always list=atomic
type WebhookClientConfig
 url *string 3
 service *ServiceReference 1
 caBundle bytes 2
type ServiceReference
 namespace string 1 required always
 name string 2 required always
 path *string 3
 port *int32 4
type CustomResourceDefinitionVersion
 name string 1 required always
 served bool 2 required always
 storage bool 3 required always
 deprecated bool 7
 deprecationWarning *string 8
 schema *CustomResourceValidation 4
 subresources *CustomResourceSubresources 5
 additionalPrinterColumns []CustomResourceColumnDefinition 6 list=atomic
 selectableFields []SelectableField 9 list=atomic
type SelectableField
 jsonPath string 1 required always
type CustomResourceColumnDefinition
 name string 1 required always
 type string 2 required always
 format string 3
 description string 4
 priority int32 5
 jsonPath string 6 required always
type CustomResourceDefinitionNames
 plural string 1 required always
 singular string 2
 shortNames []string 3 list=atomic
 kind string 4 required always
 listKind string 5
 categories []string 6 list=atomic
type CustomResourceDefinitionCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
 observedGeneration int64 6
type CustomResourceDefinitionStatus
 conditions []CustomResourceDefinitionCondition 1 always list=map(type)
 acceptedNames CustomResourceDefinitionNames 2 always
 storedVersions []string 3 always list=atomic
 observedGeneration int64 4
kind CustomResourceDefinition
 metadata meta.ObjectMeta 1 always
 spec CustomResourceDefinitionSpec 2 required always
 status CustomResourceDefinitionStatus 3 always
kind CustomResourceDefinitionList
 metadata meta.ListMeta 1 always
 items []CustomResourceDefinition 2 required always
type CustomResourceValidation
 openAPIV3Schema *JSONSchemaProps 1
type CustomResourceSubresources
 status *CustomResourceSubresourceStatus 1
 scale *CustomResourceSubresourceScale 2
type CustomResourceSubresourceStatus
type CustomResourceSubresourceScale
 specReplicasPath string 1 required always
 statusReplicasPath string 2 required always
 labelSelectorPath *string 3
type JSONSchemaProps
 id string 1
 $schema string 2
 $ref *string 3
 description string 4
 type string 5
 format string 6
 title string 7
 default *JSON 8
 maximum *float64 9
 exclusiveMaximum bool 10
 minimum *float64 11
 exclusiveMinimum bool 12
 maxLength *int64 13
 minLength *int64 14
 pattern string 15
 maxItems *int64 16
 minItems *int64 17
 uniqueItems bool 18
 multipleOf *float64 19
 enum []JSON 20 list=atomic
 maxProperties *int64 21
 minProperties *int64 22
 required []string 23 list=atomic
 items *JSONSchemaPropsOrArray 24
 allOf []JSONSchemaProps 25 list=atomic
 oneOf []JSONSchemaProps 26 list=atomic
 anyOf []JSONSchemaProps 27 list=atomic
 not *JSONSchemaProps 28
 properties map[string]JSONSchemaProps 29
 additionalProperties *JSONSchemaPropsOrBool 30
 patternProperties map[string]JSONSchemaProps 31
 dependencies map[string]JSONSchemaPropsOrStringArray 32
 additionalItems *JSONSchemaPropsOrBool 33
 definitions map[string]JSONSchemaProps 34
 externalDocs *ExternalDocumentation 35
 example *JSON 36
 nullable bool 37
 x-kubernetes-preserve-unknown-fields *bool 38
 x-kubernetes-embedded-resource bool 39
 x-kubernetes-int-or-string bool 40
 x-kubernetes-list-map-keys []string 41 list=atomic
 x-kubernetes-list-type *string 42
 x-kubernetes-map-type *string 43
 x-kubernetes-validations []ValidationRule 44 patch=merge key=rule list=map(rule)
type ValidationRule
 rule string 1 required always
 message string 2
 messageExpression string 3
 reason *string 4
 fieldPath string 5
 optionalOldSelf *bool 6
type ExternalDocumentation
 description string 1
 url string 2
`
