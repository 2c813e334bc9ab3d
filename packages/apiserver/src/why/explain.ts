import type { ConditionLike, Deployment, KindInfo, KubeObject, Node, Pod, ReplicaSet, Service } from '@skiff/api'
import { type Explanation, groupFindings, sentence } from './finding.ts'
import { isDeleting, latestWarning, type Surroundings } from './surroundings.ts'
import { whyNode } from './why-node.ts'
import { whyFinalizers, whyPod } from './why-pod.ts'
import { whyService } from './why-service.ts'
import { whyWorkload } from './why-workload.ts'

/** Why an object of any kind isn't as it should be. Pure. */
export function explain(
  kind: Pick<KindInfo, 'kind' | 'group' | 'singular'>,
  object: KubeObject,
  around: Surroundings,
): Explanation {
  const { findings, fine } = explanationOf(kind, object, around)
  return { findings: groupFindings(findings), fine }
}

function explanationOf(
  kind: Pick<KindInfo, 'kind' | 'group' | 'singular'>,
  object: KubeObject,
  around: Surroundings,
): Explanation {
  switch (`${kind.kind}.${kind.group}`) {
    case 'Pod.':
      return whyPod(object as unknown as Pod, around)
    case 'Node.':
      return whyNode(object as unknown as Node, around)
    case 'Service.':
      return whyService(object as unknown as Service, around)
    case 'Deployment.apps':
      return whyWorkload('deployment', object as unknown as Deployment, around)
    case 'ReplicaSet.apps':
      return whyWorkload('replicaset', object as unknown as ReplicaSet, around)
    case 'ReplicationController.':
      return whyWorkload('replicationcontroller', object as unknown as ReplicaSet, around)
    default:
      return whyObject(kind.singular, object, around)
  }
}

/** Conditions whose True means trouble. */
const TROUBLES = /(Failure|Failed|Pressure|Invalid|Remaining|Unavailable)$/

/** What any object says of itself: that it is being deleted, its conditions, its latest warning. */
function whyObject(singular: string, object: KubeObject, around: Surroundings): Explanation {
  const about = `${singular}/${object.metadata.name}`
  const findings = conditionsOf(object)
    .filter(({ type, status }) => (TROUBLES.test(type) ? status === 'True' : status === 'False'))
    .map(({ type, message, reason }) => ({
      about,
      cause: sentence(`${type}: ${message || reason || 'no reason is given'}`),
      cure: '',
    }))
  const finalizers = object.metadata.finalizers ?? []
  if (isDeleting(object) && finalizers.length > 0) findings.push({ about, ...whyFinalizers(finalizers, singular) })
  const warning = latestWarning(around, object)
  if (warning) findings.push({ about, cause: sentence(`Its latest warning: ${warning.message ?? warning.reason}`), cure: '' })
  return { findings, fine: `Nothing speaks against it: no condition and no event of the ${singular} tells of a problem.` }
}

function conditionsOf({ status }: KubeObject): readonly ConditionLike[] {
  const { conditions } = (status ?? {}) as { conditions?: unknown }
  return Array.isArray(conditions) ? (conditions as ConditionLike[]) : []
}
