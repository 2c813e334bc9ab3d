import { ApiError, badRequest, notFound, PODS, type Pod } from '@skiff/api'
import type { RequestInfo } from '../http/request-context.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'

export function podOf(info: RequestInfo, objects: ObjectReader): Pod {
  const pod = objects.get<Pod>(PODS, { namespace: info.namespace, name: info.name })
  if (pod === undefined) throw notFound('pods', info.name)
  return pod
}

/** The container that the request means: the one it names, or the only one. Upstream's words otherwise. */
export function containerOf(pod: Pod, asked: string): string {
  const containers = pod.spec.containers.map(({ name }) => name)
  const initContainers = (pod.spec.initContainers ?? []).map(({ name }) => name)
  const { name } = pod.metadata
  if (asked !== '') {
    const others = (pod.spec.ephemeralContainers ?? []).map((container) => container.name)
    if ([...containers, ...initContainers, ...others].includes(asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${name}`)
  }
  const [only, ...more] = containers
  if (only !== undefined && more.length === 0) return only
  const orInit = initContainers.length === 0 ? '' : ` or one of the init containers: [${initContainers.join(' ')}]`
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${orInit}`)
}

/** The node whose agent runs the pod. */
export function nodeOf(pod: Pod): string {
  const { nodeName } = pod.spec
  if (nodeName === undefined || nodeName === '') throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
  return nodeName
}

export function refuseCompleted(pod: Pod, what: string): void {
  const phase = pod.status?.phase
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw new ApiError('BadRequest', `cannot ${what} a container in a completed pod; current phase is ${phase}`)
  }
}
