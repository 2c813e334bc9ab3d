import type { ContainerSpec } from '../runtime.ts'

/** A container that asks for nothing: what its spec has beside its pod, sandbox and image. */
export const PLAIN_CONTAINER: Omit<ContainerSpec, 'pod' | 'sandboxId' | 'imageId'> = {
  name: 'app',
  attempt: 0,
  shareProcessNamespace: false,
  hostNetwork: false,
  labels: {},
  env: [],
  mounts: [],
  resources: {},
  security: { privileged: false, noNewPrivileges: true, readOnlyRootFilesystem: false },
  stdin: false,
  stdinOnce: false,
  tty: false,
}
