/** Of core/v1: where pods may go (selectors of nodes, affinities, taints). */
export const SCHEDULING_TYPES = `
type NodeSelector atomic
 nodeSelectorTerms []NodeSelectorTerm 1 required always list=atomic
type NodeSelectorTerm atomic
 matchExpressions []NodeSelectorRequirement 1 list=atomic
 matchFields []NodeSelectorRequirement 2 list=atomic
type NodeSelectorRequirement
 key string 1 required always
 operator string 2 required always
 values []string 3 list=atomic
type TopologySelectorTerm atomic
 matchLabelExpressions []TopologySelectorLabelRequirement 1 list=atomic
type TopologySelectorLabelRequirement
 key string 1 required always
 values []string 2 required always list=atomic
type Affinity
 nodeAffinity *NodeAffinity 1
 podAffinity *PodAffinity 2
 podAntiAffinity *PodAntiAffinity 3
type NodeAffinity
 requiredDuringSchedulingIgnoredDuringExecution *NodeSelector 1
 preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm 2 list=atomic
type PreferredSchedulingTerm
 weight int32 1 required always
 preference NodeSelectorTerm 2 required always
type PodAffinity
 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm 1 list=atomic
 preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm 2 list=atomic
type PodAffinityTerm
 labelSelector *meta.LabelSelector 1
 namespaces []string 2 list=atomic
 topologyKey string 3 required always
 namespaceSelector *meta.LabelSelector 4
 matchLabelKeys []string 5 list=atomic
 mismatchLabelKeys []string 6 list=atomic
type WeightedPodAffinityTerm
 weight int32 1 required always
 podAffinityTerm PodAffinityTerm 2 required always
type PodAntiAffinity
 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm 1 list=atomic
 preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm 2 list=atomic
type TopologySpreadConstraint
 maxSkew int32 1 required always
 topologyKey string 2 required always
 whenUnsatisfiable string 3 required always
 labelSelector *meta.LabelSelector 4
 minDomains *int32 5
 nodeAffinityPolicy *string 6
 nodeTaintsPolicy *string 7
 matchLabelKeys []string 8 list=atomic
type Taint
 key string 1 required always
 value string 2
 effect string 3 required always
 timeAdded *Time 4
type Toleration
 key string 1
 operator string 2
 value string 3
 effect string 4
 tolerationSeconds *int64 5
`
