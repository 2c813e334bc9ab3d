import type { KubeObject } from '@skiff/api'
import type { Finding } from './finding.ts'

type Cause = Omit<Finding, 'about'>

/** Kinds that are stored and shown and have no controller here, with what does their work meanwhile (docs/compatibility.md). */
const UNATTENDED: Readonly<Record<string, string>> = {
  'StatefulSet.apps': 'Use Deployments of one replica with claims of their own until then.',
  'DaemonSet.apps': 'Use a Deployment with as many replicas as nodes until then: its pods are spread over them.',
  'Job.batch': 'Use a pod with restartPolicy: OnFailure until then.',
  'CronJob.batch': 'Create pods with restartPolicy: OnFailure from a timer of your own until then.',
  'Ingress.networking.k8s.io': 'Every HTTP Service answers without one: http://<service>.<namespace>.localhost/ on each node.',
  'NetworkPolicy.networking.k8s.io': 'Until then all pods reach one another.',
}

/** Nobody acts on an object of this kind: undefined where somebody does, or a controller from elsewhere has told of it. */
export function whyUnattended({ kind, group }: { kind: string; group: string }, { status }: KubeObject): Cause | undefined {
  const cure = UNATTENDED[`${kind}.${group}`]
  if (cure === undefined || !isEmpty(status)) return undefined
  return { cause: `Skiff has no controller for a ${kind} yet: it is stored, and nothing acts on it.`, cure }
}

/** Nothing but the zeros that a new object has. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.values(value).every(isEmpty) : !value
}
