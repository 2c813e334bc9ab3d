import { balancedAllocation } from './balanced-allocation.ts'
import { fewerPods } from './fewer-pods.ts'
import { imageLocality } from './image-locality.ts'
import { leastAllocated } from './least-allocated.ts'
import { preferredNodeAffinity } from './preferred-node-affinity.ts'
import { preferredTaints } from './preferred-taints.ts'
import type { Score } from './score.ts'
import { spreading } from './spreading.ts'

export { MAX_POINTS, type Score } from './score.ts'

export const SCORES: readonly Score[] = [
  leastAllocated,
  balancedAllocation,
  imageLocality,
  spreading,
  fewerPods,
  preferredNodeAffinity,
  preferredTaints,
]
