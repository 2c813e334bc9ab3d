import type { Container, Pod } from '@skiff/api'
import type { ContainerSecurity, PresentImage } from '../runtime/runtime.ts'
import { ConfigError } from './config-error.ts'

/** A container's security context over its pod's. Throws ConfigError where `runAsNonRoot` can't be kept. */
export function containerSecurity(pod: Pod, container: Container, image: PresentImage['config']): ContainerSecurity {
  const own = container.securityContext ?? {}
  const shared = pod.spec.securityContext ?? {}
  const user = own.runAsUser ?? shared.runAsUser
  const group = own.runAsGroup ?? shared.runAsGroup
  if (own.runAsNonRoot ?? shared.runAsNonRoot) refuseRoot(pod, container, user, image.user)
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])].map(String)
  const named = userAndGroup(user, group, image.user)
  const seccomp = (own.seccompProfile ?? shared.seccompProfile)?.type === 'Unconfined' ? 'unconfined' : undefined
  return {
    ...(named === undefined ? {} : { user: named }),
    ...(groups.length > 0 ? { supplementalGroups: groups } : {}),
    privileged: own.privileged ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    ...(own.capabilities?.add ? { capAdd: own.capabilities.add } : {}),
    ...(own.capabilities?.drop ? { capDrop: own.capabilities.drop } : {}),
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(own.procMount === 'Unmasked' ? { unmaskedProc: true } : {}),
  }
}

function userAndGroup(user: number | undefined, group: number | undefined, imageUser: string): string | undefined {
  if (user === undefined && group === undefined) return undefined
  const uid = user ?? (imageUser.split(':')[0] || '0')
  return group === undefined ? String(uid) : `${uid}:${group}`
}

function refuseRoot(pod: Pod, container: Container, user: number | undefined, imageUser: string): void {
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`
  if (user === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`)
  if (user !== undefined) return
  const name = imageUser.split(':')[0] ?? ''
  if (name === '' || name === '0') throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`)
  if (!/^\d+$/.test(name)) {
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`,
    )
  }
}
