/** The types of autoscaling/v2, a line a field: see parse-table.ts for the format. */
export const AUTOSCALING_V2 = `
kind HorizontalPodAutoscaler
 metadata meta.ObjectMeta 1 always
 spec HorizontalPodAutoscalerSpec 2 required always
 status HorizontalPodAutoscalerStatus 3 always
type HorizontalPodAutoscalerSpec
 scaleTargetRef CrossVersionObjectReference 1 required always
 minReplicas *int32 2
 maxReplicas int32 3 required always
 metrics []MetricSpec 4 list=atomic
 behavior *HorizontalPodAutoscalerBehavior 5
type CrossVersionObjectReference
 kind string 1 required always
 name string 2 required always
 apiVersion string 3
type MetricSpec
 type string 1 required always
 object *ObjectMetricSource 2
 pods *PodsMetricSource 3
 resource *ResourceMetricSource 4
 containerResource *ContainerResourceMetricSource 7
 external *ExternalMetricSource 5
type HorizontalPodAutoscalerBehavior
 scaleUp *HPAScalingRules 1
 scaleDown *HPAScalingRules 2
type HPAScalingRules
 stabilizationWindowSeconds *int32 3
 selectPolicy *string 1
 policies []HPAScalingPolicy 2 list=atomic
 tolerance *Quantity 4
type HPAScalingPolicy
 type string 1 required always
 value int32 2 required always
 periodSeconds int32 3 required always
type ObjectMetricSource
 describedObject CrossVersionObjectReference 1 required always
 target MetricTarget 2 required always
 metric MetricIdentifier 3 required always
type PodsMetricSource
 metric MetricIdentifier 1 required always
 target MetricTarget 2 required always
type ResourceMetricSource
 name string 1 required always
 target MetricTarget 2 required always
type ContainerResourceMetricSource
 name string 1 required always
 target MetricTarget 2 required always
 container string 3 required always
type ExternalMetricSource
 metric MetricIdentifier 1 required always
 target MetricTarget 2 required always
type MetricIdentifier
 name string 1 required always
 selector *meta.LabelSelector 2
type MetricTarget
 type string 1 required always
 value *Quantity 2
 averageValue *Quantity 3
 averageUtilization *int32 4
type HorizontalPodAutoscalerStatus
 observedGeneration *int64 1
 lastScaleTime *Time 2
 currentReplicas int32 3
 desiredReplicas int32 4 required always
 currentMetrics []MetricStatus 5 always list=atomic
 conditions []HorizontalPodAutoscalerCondition 6 patch=merge key=type list=map(type)
type HorizontalPodAutoscalerCondition
 type string 1 required always
 status string 2 required always
 lastTransitionTime Time 3 always
 reason string 4
 message string 5
type MetricStatus
 type string 1 required always
 object *ObjectMetricStatus 2
 pods *PodsMetricStatus 3
 resource *ResourceMetricStatus 4
 containerResource *ContainerResourceMetricStatus 7
 external *ExternalMetricStatus 5
type ObjectMetricStatus
 metric MetricIdentifier 1 required always
 current MetricValueStatus 2 required always
 describedObject CrossVersionObjectReference 3 required always
type PodsMetricStatus
 metric MetricIdentifier 1 required always
 current MetricValueStatus 2 required always
type ResourceMetricStatus
 name string 1 required always
 current MetricValueStatus 2 required always
type ContainerResourceMetricStatus
 name string 1 required always
 current MetricValueStatus 2 required always
 container string 3 required always
type ExternalMetricStatus
 metric MetricIdentifier 1 required always
 current MetricValueStatus 2 required always
type MetricValueStatus
 value *Quantity 1
 averageValue *Quantity 2
 averageUtilization *int32 3
kind HorizontalPodAutoscalerList
 metadata meta.ListMeta 1 always
 items []HorizontalPodAutoscaler 2 required always
`
