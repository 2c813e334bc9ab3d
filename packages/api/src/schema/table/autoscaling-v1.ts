/** The types of autoscaling/v1, a line a field: see parse-table.ts for the format. */
export const AUTOSCALING_V1 = `
type CrossVersionObjectReference atomic
 kind string 1 required always
 name string 2 required always
 apiVersion string 3
type HorizontalPodAutoscalerSpec
 scaleTargetRef CrossVersionObjectReference 1 required always
 minReplicas *int32 2
 maxReplicas int32 3 required always
 targetCPUUtilizationPercentage *int32 4
type HorizontalPodAutoscalerStatus
 observedGeneration *int64 1
 lastScaleTime *Time 2
 currentReplicas int32 3 required always
 desiredReplicas int32 4 required always
 currentCPUUtilizationPercentage *int32 5
kind HorizontalPodAutoscaler
 metadata meta.ObjectMeta 1 always
 spec HorizontalPodAutoscalerSpec 2 required always
 status HorizontalPodAutoscalerStatus 3 always
kind HorizontalPodAutoscalerList
 metadata meta.ListMeta 1 always
 items []HorizontalPodAutoscaler 2 required always
kind Scale
 metadata meta.ObjectMeta 1 always
 spec ScaleSpec 2 always
 status ScaleStatus 3 always
type ScaleSpec
 replicas int32 1 default=0
type ScaleStatus
 replicas int32 1 required always
 selector string 2
`
