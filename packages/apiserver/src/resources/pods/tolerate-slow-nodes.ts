import type { PodSpec, Toleration } from '@skiff/api'

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'

/**
 * How long a pod stays on a node that is lost, unless it says so itself (upstream: DefaultTolerationSeconds admission,
 * 300 s).
 */
export function tolerateSlowNodes(spec: PodSpec, seconds: number): void {
  const missing = [NOT_READY, UNREACHABLE].filter((key) => !(spec.tolerations ?? []).some((each) => covers(each, key)))
  if (missing.length === 0) return
  const added = missing.map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }))
  spec.tolerations = [...(spec.tolerations ?? []), ...added]
}

function covers({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === 'NoExecute')
}
