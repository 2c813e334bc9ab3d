import type { Container, Pod } from '@skiff/api'
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
}

function requestLimits(container: Container): void {
  const limits = container.resources?.limits
  if (!container.resources || !limits) return
  container.resources.requests = { ...limits, ...container.resources.requests }
}

function publishPorts(container: Container): void {
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort
}
