import type { Container, LimitRange, Pod, ResourceAmounts } from '@skiff/api'

const ANNOTATION = 'kubernetes.io/limit-ranger'

/** Fills in what the pod's containers don't say themselves, and notes in an annotation what it filled in. */
export function applyDefaults(pod: Pod, { spec }: LimitRange): void {
  const items = (spec.limits ?? []).filter(({ type }) => type === 'Container')
  const requests: ResourceAmounts = Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest))
  const limits: ResourceAmounts = Object.assign({}, ...items.map((item) => item.default))
  const fill = (noun: string) => (container: Container) => [
    ...filled(container, 'requests', requests).map((names) => `${names} request for ${noun} ${container.name}`),
    ...filled(container, 'limits', limits).map((names) => `${names} limit for ${noun} ${container.name}`),
  ]
  const notes = [
    ...pod.spec.containers.flatMap(fill('container')),
    ...(pod.spec.initContainers ?? []).flatMap(fill('init container')),
  ]
  if (notes.length === 0) return
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}` }
}

/** The names that were missing, as one text; nothing when none was. */
function filled(container: Container, which: 'requests' | 'limits', defaults: ResourceAmounts): string[] {
  const said = container.resources?.[which] ?? {}
  const missing = Object.keys(defaults)
    .filter((name) => said[name] === undefined)
    .sort()
  if (missing.length === 0) return []
  const added = Object.fromEntries(missing.map((name) => [name, String(defaults[name])]))
  container.resources = { ...container.resources, [which]: { ...said, ...added } }
  return [missing.join(', ')]
}
