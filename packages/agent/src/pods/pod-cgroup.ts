import { podLimitsOf } from '../cgroups/pod-limits.ts'
import type { PodScene } from './pod-tools.ts'

/**
 * Sees to the pod's control group before anything is made that is to be in it. Nothing for a pod without resources of its own.
 * Throws StartError.
 */
export async function podCgroup({ pod, memory, tools }: PodScene): Promise<{ readonly cgroupParent?: string }> {
  const wanted = podLimitsOf(pod.spec)
  if (wanted === undefined) return {}
  // What it has been given: more, or less, is the node's to grant.
  const limits = memory.podLimits ?? wanted
  const cgroupParent = await tools.cgroups.ensure(pod.metadata.uid, limits)
  memory.podLimits = limits
  return { cgroupParent }
}

/** The group that the sandbox is in: one that has begun without stays so, and so do containers that join it. Throws StartError. */
export async function sandboxCgroup(scene: PodScene): Promise<{ readonly cgroupParent?: string }> {
  return scene.memory.podLimits === undefined ? {} : await podCgroup(scene)
}
