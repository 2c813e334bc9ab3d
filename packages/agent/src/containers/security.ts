import type { Container, Pod } from '@skiff/api'
import type { ContainerSecurity, PresentImage } from '../runtime/runtime.ts'
import { ConfigError } from './config-error.ts'

type Context = NonNullable<Container['securityContext']>
type PodContext = NonNullable<Pod['spec']['securityContext']>

export interface SecurityInput {
  readonly pod: Pod
  readonly container: Container
  readonly image: PresentImage['config']
  /** The JSON of the container's `Localhost` seccomp profile. */
  readonly localSeccomp?: string
}

/** A container's security context over its pod's. Throws ConfigError where `runAsNonRoot` can't be kept. */
export function containerSecurity({ pod, container, image, localSeccomp }: SecurityInput): ContainerSecurity {
  const own = container.securityContext ?? {}
  const shared = pod.spec.securityContext ?? {}
  const user = own.runAsUser ?? shared.runAsUser
  const group = own.runAsGroup ?? shared.runAsGroup
  if (own.runAsNonRoot ?? shared.runAsNonRoot) refuseRoot(pod, container, user, image.user)
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])].map(String)
  const named = userAndGroup(user, group, image.user)
  const seccomp = seccompOption(own, shared, localSeccomp)
  const apparmor = appArmorOption(own, shared)
  const seLinux = seLinuxLabels(own, shared)
  return {
    ...(named === undefined ? {} : { user: named }),
    ...(groups.length > 0 ? { supplementalGroups: groups } : {}),
    privileged: own.privileged ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    ...(own.capabilities?.add ? { capAdd: own.capabilities.add } : {}),
    ...(own.capabilities?.drop ? { capDrop: own.capabilities.drop } : {}),
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(apparmor === undefined ? {} : { apparmor }),
    ...(seLinux.length === 0 ? {} : { seLinux }),
    ...(own.procMount === 'Unmasked' ? { unmaskedProc: true } : {}),
  }
}

/** Below the directory of this node's profiles; undefined: the container names none. */
export function localSeccompProfile(pod: Pod, container: Container): string | undefined {
  const profile = seccompProfile(container.securityContext ?? {}, pod.spec.securityContext ?? {})
  return profile?.type === 'Localhost' ? (profile.localhostProfile ?? '') : undefined
}

function seccompProfile(own: Context, shared: PodContext) {
  return own.seccompProfile ?? shared.seccompProfile
}

/** Without a word the engine's own default profile holds. */
function seccompOption(own: Context, shared: PodContext, localSeccomp: string | undefined): string | undefined {
  switch (seccompProfile(own, shared)?.type) {
    case 'Unconfined':
      return 'unconfined'
    case 'Localhost':
      return localSeccomp
    default:
      return undefined
  }
}

function appArmorOption(own: Context, shared: PodContext): string | undefined {
  const profile = own.appArmorProfile ?? shared.appArmorProfile
  switch (profile?.type) {
    case 'Unconfined':
      return 'unconfined'
    case 'Localhost':
      return profile.localhostProfile
    default:
      return undefined
  }
}

function seLinuxLabels(own: Context, shared: PodContext): string[] {
  const options = own.seLinuxOptions ?? shared.seLinuxOptions ?? {}
  return (['user', 'role', 'type', 'level'] as const).flatMap((part) => (options[part] ? [`${part}:${options[part]}`] : []))
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
