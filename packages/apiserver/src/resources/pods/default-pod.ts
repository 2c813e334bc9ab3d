import {
  amountsOfContainers,
  type Container,
  hasPodResources,
  isHugePages,
  isPodResource,
  type Pod,
  type PodSpec,
} from '@skiff/api'
import { defaultPodSpec } from './default-pod-spec.ts'

/** Defaults that only a pod gets, not a template: what a controller compares must not change under its hands. */
export function defaultPod(pod: Pod): void {
  const { spec } = pod
  defaultPodSpec(spec)
  spec.enableServiceLinks ??= true
  // As upstream reads it: a negative one is one second, in pods that are stored already as well.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    requestLimits(container)
    if (spec.hostNetwork) publishPorts(container)
  }
  // A pod without containers is no pod, which is for validation to say.
  if (spec.containers && hasPodResources(spec)) completePodResources(spec)
}

function requestLimits(container: Container): void {
  const limits = container.resources?.limits
  if (!container.resources || !limits) return
  container.resources.requests = { ...limits, ...container.resources.requests }
}

/** What a pod's own resources (KEP-2837) leave open is what its containers ask for, and then what it is limited to. */
function completePodResources(spec: PodSpec): void {
  const { resources } = spec
  if (!resources) return
  const hugePages = Object.entries(amountsOfContainers(spec, 'limits')).filter(
    ([name]) => isHugePages(name) && resources.requests?.[name] === undefined,
  )
  if (hugePages.length > 0) resources.limits = { ...Object.fromEntries(hugePages), ...resources.limits }
  if (Object.keys(resources.limits ?? {}).length === 0) return
  const asked = Object.entries(amountsOfContainers(spec, 'requests')).filter(
    ([name]) => isPodResource(name) && !isHugePages(name),
  )
  resources.requests = { ...resources.limits, ...Object.fromEntries(asked), ...resources.requests }
}

function publishPorts(container: Container): void {
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort
}
