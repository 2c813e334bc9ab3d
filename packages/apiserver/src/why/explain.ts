import type {
  ConditionLike,
  Deployment,
  HorizontalPodAutoscaler,
  KindInfo,
  KubeObject,
  Node,
  Pod,
  ReplicaSet,
  Service,
} from '@skiff/api'
import { type Explanation, type Finding, groupFindings, sentence } from './finding.ts'
import { isDeleting, latestWarning, type Surroundings } from './surroundings.ts'
import { whyAutoscaler } from './why-autoscaler.ts'
import { whyNode } from './why-node.ts'
import { whyFinalizers, whyPod } from './why-pod.ts'
import { whyService } from './why-service.ts'
import { whyUnattended } from './why-unattended.ts'
import { whyWorkload } from './why-workload.ts'

type ObjectKind = Pick<KindInfo, 'kind' | 'group' | 'singular'>
type Cause = Omit<Finding, 'about'>

/** Why an object of any kind isn't as it should be. Pure. */
export function explain(kind: ObjectKind, object: KubeObject, around: Surroundings): Explanation {
  const { findings, fine } = explanationOf(kind, object, around)
  return { findings: groupFindings(findings), fine }
}

function explanationOf(kind: ObjectKind, object: KubeObject, around: Surroundings): Explanation {
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
    case 'HorizontalPodAutoscaler.autoscaling':
      return whyAutoscaler(object as unknown as HorizontalPodAutoscaler)
    default:
      return whyObject(kind, object, around)
  }
}

/** Conditions whose True means trouble. */
const TROUBLES = /(Failure|Failed|Pressure|Invalid|Remaining|Unavailable)$/

/** That nobody acts on it, or what it says of itself: that it is being deleted, its conditions, its latest warning. */
function whyObject(kind: ObjectKind, object: KubeObject, around: Surroundings): Explanation {
  const { singular } = kind
  const unattended = whyUnattended(kind, object)
  const causes: Cause[] = unattended === undefined ? [] : [unattended]
  for (const { type, message, reason } of conditionsOf(object).filter(isBad))
    causes.push({ cause: sentence(`${type}: ${message || reason || 'no reason is given'}`), cure: '' })
  const finalizers = object.metadata.finalizers ?? []
  if (isDeleting(object) && finalizers.length > 0) causes.push(whyFinalizers(finalizers, singular))
  const warning = latestWarning(around, object)
  if (warning) causes.push({ cause: sentence(`Its latest warning: ${warning.message ?? warning.reason}`), cure: '' })
  return {
    findings: causes.map((cause) => ({ about: `${singular}/${object.metadata.name}`, ...cause })),
    fine: `Nothing speaks against it: no condition and no event of the ${singular} tells of a problem.`,
  }
}

function isBad({ type, status }: ConditionLike): boolean {
  return TROUBLES.test(type) ? status === 'True' : status === 'False'
}

function conditionsOf({ status }: KubeObject): readonly ConditionLike[] {
  const { conditions } = (status ?? {}) as { conditions?: unknown }
  return Array.isArray(conditions) ? (conditions as ConditionLike[]) : []
}
