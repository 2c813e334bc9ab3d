import {
  amountsOfContainers,
  compareQuantities,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  isHugePages,
  isPodResource,
  type PodSpec,
  tryParseQuantity,
} from '@skiff/api'
import { unsupportedResource, validateContainerResources } from './validate-resources.ts'

type Amounts = Readonly<Record<string, string | number>>

const SUPPORTED = ['cpu', 'hugepages-', 'memory']

/** Resources of the pod itself (KEP-2837): amounts as a container's, and none that its containers go beyond. */
export function validatePodResources(spec: PodSpec, field: FieldPath): FieldError[] {
  const { resources } = spec
  if (!resources) return []
  if (spec.os?.name === 'windows') return [forbiddenField(field, 'may not be set for a windows pod')]
  const claims = resources.claims
    ? [forbiddenField(field.child('claims'), 'claims cannot be set for Resources at pod-level')]
    : []
  const { limits = {}, requests = {} } = resources
  const amounts = [
    ...unsupported(limits, field.child('limits')),
    ...unsupported(requests, field.child('requests')),
    ...validateContainerResources({ limits: supported(limits), requests: supported(requests) }, field),
  ]
  if (amounts.length > 0 || !spec.containers) return [...claims, ...amounts]
  return [...claims, ...requestsBelowContainers(spec, requests, field), ...containersAboveLimits(spec, limits, field)]
}

function unsupported(amounts: Amounts, field: FieldPath): FieldError[] {
  const others = Object.keys(amounts).filter((name) => !isPodResource(name))
  return others.map((name) => unsupportedResource(name, SUPPORTED, field.key(name)))
}

function supported(amounts: Amounts): Record<string, string | number> {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => isPodResource(name)))
}

function requestsBelowContainers(spec: PodSpec, requests: Amounts, field: FieldPath): FieldError[] {
  return Object.entries(amountsOfContainers(spec, 'requests')).flatMap(([name, sum]) => {
    const own = requests[name]
    if (own === undefined || compareQuantities(own, sum) >= 0) return []
    const detail = `must be greater than or equal to aggregate container requests of ${sum}`
    return [invalid(field.child('requests').key(name), String(own), detail)]
  })
}

/** Huge pages can't be overcommitted, so what containers may use of them adds up; of the rest each may use all that the pod has. */
function containersAboveLimits(spec: PodSpec, limits: Amounts, field: FieldPath): FieldError[] {
  const sums = Object.entries(amountsOfContainers(spec, 'limits')).flatMap(([name, sum]) => {
    const own = limits[name]
    if (!isHugePages(name) || own === undefined || compareQuantities(own, sum) >= 0) return []
    const detail = `must be greater than or equal to aggregate container limits of ${sum}`
    return [invalid(field.child('limits').key(name), String(own), detail)]
  })
  const single = spec.containers.flatMap(({ resources }, index) =>
    Object.entries(resources?.limits ?? {}).flatMap(([name, limit]) => {
      const own = limits[name]
      // What is no quantity at all is told at the container.
      if (own === undefined || !tryParseQuantity(limit) || compareQuantities(limit, own) <= 0) return []
      // Upstream's path.
      const at = field.child('containers').index(index).key(name).child('limits')
      return [invalid(at, String(limit), `must be less than or equal to pod limits of ${own}`)]
    }),
  )
  return [...sums, ...single]
}
