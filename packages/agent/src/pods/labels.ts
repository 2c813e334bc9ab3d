/** The labels by which an agent finds its containers again: dockershim's, and a few of our own (docs/glossary.md). */

import { createHash } from 'node:crypto'
import type { Container } from '@skiff/api'

export const POD_NAME = 'io.kubernetes.pod.name'
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace'
export const POD_UID = 'io.kubernetes.pod.uid'
export const CONTAINER_NAME = 'io.kubernetes.container.name'
export const DOCKER_TYPE = 'io.kubernetes.docker.type'
export const RESTART_COUNT = 'annotation.io.kubernetes.container.restartCount'
export const CONTAINER_HASH = 'annotation.io.kubernetes.container.hash'
export const TERMINATION_MESSAGE_PATH = 'annotation.io.kubernetes.container.terminationMessagePath'
export const TERMINATION_MESSAGE_POLICY = 'annotation.io.kubernetes.container.terminationMessagePolicy'
export const GRACE_PERIOD = 'annotation.io.kubernetes.pod.terminationGracePeriod'
export const CLUSTER = 'dev.skiff/cluster'
export const NODE = 'dev.skiff/node'
export const POD_IP = 'dev.skiff/pod-ip'
/** How long the restart after this container's own end waits, in seconds: the back-off survives the agent. */
export const RESTART_BACK_OFF = 'dev.skiff/restart-back-off'
/** How often all containers of the pod had been started again together when this one was made; absent: never. */
export const ROUND = 'dev.skiff/round'
/** `status.containerStatuses[].imageID` of this container. */
export const IMAGE_REF = 'dev.skiff/image-ref'
/** UUIDs of the GPUs that are the container's alone. */
export const GPUS = 'dev.skiff/gpus'

/** Changes when a container must be recreated in place: only its image may change in a running pod. */
export function containerHash(container: Pick<Container, 'name' | 'image'>): string {
  return createHash('sha256')
    .update(JSON.stringify([container.name, container.image]))
    .digest('hex')
    .slice(0, 8)
}
