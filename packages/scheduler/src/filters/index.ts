import { cordon } from './cordon.ts'
import type { Filter } from './filter.ts'
import { hostPorts } from './host-ports.ts'
import { nodeAffinity } from './node-affinity.ts'
import { podLimit } from './pod-limit.ts'
import { readWriteOncePod } from './read-write-once-pod.ts'
import { readiness } from './readiness.ts'
import { resources } from './resources.ts'
import { taints } from './taints.ts'
import { volumeBinding } from './volume-binding.ts'

export type { Filter } from './filter.ts'

/** In the order asked: the first that refuses a node gives that node's reason. */
export const FILTERS: readonly Filter[] = [
  cordon,
  taints,
  readiness,
  nodeAffinity,
  hostPorts,
  podLimit,
  resources,
  readWriteOncePod,
  volumeBinding,
]
