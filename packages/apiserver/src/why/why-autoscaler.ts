import { findCondition, type HorizontalPodAutoscaler } from '@skiff/api'
import { type Explanation, type Finding, inNamespace, sentence } from './finding.ts'

type Cause = Omit<Finding, 'about'>

/** Why an autoscaler scales nothing, or not as far as it would: what its conditions say, and what helps. */
export function whyAutoscaler({ metadata, spec, status }: HorizontalPodAutoscaler): Explanation {
  const about = `horizontalpodautoscaler/${metadata.name}`
  const { kind, name } = spec.scaleTargetRef
  const causes: Cause[] = []
  const able = findCondition(status?.conditions, 'AbleToScale')
  const active = findCondition(status?.conditions, 'ScalingActive')
  const limited = findCondition(status?.conditions, 'ScalingLimited')
  if (able?.status === 'False') {
    const cure = `Correct spec.scaleTargetRef, or create the ${kind} ${name}.`
    causes.push({ cause: sentence(able.message ?? ''), cure: able.reason === 'FailedGetScale' ? cure : '' })
  } else if (active?.status === 'False') {
    causes.push({ cause: sentence(active.message ?? ''), cure: cureOf(active, { metadata, spec }) })
  } else if (limited?.status === 'True' && limited.reason === 'TooManyReplicas') {
    causes.push({
      cause: `What its pods use asks for more of them than spec.maxReplicas (${spec.maxReplicas}) allows.`,
      cure: 'Raise spec.maxReplicas, if the nodes have room for more.',
    })
  }
  return {
    findings: causes.map((cause) => ({ about, ...cause })),
    fine:
      active === undefined
        ? 'It has not looked at its target yet.'
        : `It has ${kind} ${name} run ${status?.desiredReplicas} pods.`,
  }
}

function cureOf(
  { reason, message = '' }: { reason?: string; message?: string },
  { metadata, spec }: Pick<HorizontalPodAutoscaler, 'metadata' | 'spec'>,
): string {
  const missing = /missing request for (\S+) in container (\S+)/.exec(message)
  if (missing) return `Give container ${missing[2]} a request of ${missing[1]}: what it uses is held against that.`
  if (/no metrics returned|did not receive metrics/.test(message))
    return `Wait until its pods are ready and measured, half a minute: kubectl top pods${inNamespace(metadata.namespace)}`
  if (reason === 'AmbiguousSelector') return 'Delete all of them but one.'
  if (reason === 'ScalingDisabled')
    return `kubectl scale ${spec.scaleTargetRef.kind.toLowerCase()} ${spec.scaleTargetRef.name} --replicas=1${inNamespace(metadata.namespace)}`
  return ''
}
