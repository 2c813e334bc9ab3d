import {
  type Container,
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  mustBeBetween,
  type PodSpec,
  required,
} from '@skiff/api'
import { repeats } from '../repeats.ts'
import { validateChoice } from '../validate-choice.ts'
import { validateLocalPath } from './validate-paths.ts'

type ContainerSecurity = NonNullable<Container['securityContext']>
type PodSecurity = NonNullable<PodSpec['securityContext']>
type Sysctl = NonNullable<PodSecurity['sysctls']>[number]

const MAX_ID = 2 ** 31 - 1
const MAX_SYSCTL_LENGTH = 253
const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const SYSCTL = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined']

/** On the spec, because sharing the process namespace is a matter of the pod. */
export function validatePodSecurityContext(spec: PodSpec, field: FieldPath): FieldError[] {
  const { securityContext = {}, shareProcessNamespace, hostPID } = spec
  const { fsGroup, runAsUser, runAsGroup, supplementalGroups = [], sysctls = [], fsGroupChangePolicy } = securityContext
  const errors = [
    ...validateId(fsGroup, field.child('fsGroup')),
    ...validateId(runAsUser, field.child('runAsUser')),
    ...validateId(runAsGroup, field.child('runAsGroup')),
    ...supplementalGroups.flatMap((id, index) => validateId(id, field.child('supplementalGroups').index(index))),
  ]
  if (shareProcessNamespace && hostPID) {
    errors.push(invalid(field.child('shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'))
  }
  errors.push(...validateSysctls(sysctls, spec, field.child('sysctls')))
  if (fsGroupChangePolicy !== undefined) {
    errors.push(...validateChoice(fsGroupChangePolicy, ['Always', 'OnRootMismatch'], field.child('fsGroupChangePolicy')))
  }
  return [
    ...errors,
    ...validateProfile(securityContext.seccompProfile, 'seccomp', field.child('seccompProfile')),
    ...validateProfile(securityContext.appArmorProfile, 'AppArmor', field.child('appArmorProfile')),
  ]
}

export function validateContainerSecurityContext(context: ContainerSecurity | undefined, field: FieldPath): FieldError[] {
  if (!context) return []
  const { runAsUser, runAsGroup, procMount, privileged, allowPrivilegeEscalation, capabilities } = context
  const errors = [...validateId(runAsUser, field.child('runAsUser')), ...validateId(runAsGroup, field.child('runAsGroup'))]
  if (procMount !== undefined) errors.push(...validateChoice(procMount, ['Default', 'Unmasked'], field.child('procMount')))
  if (allowPrivilegeEscalation === false) {
    const added = capabilities?.add ?? []
    if (privileged)
      errors.push(invalid(field, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
    if (added.includes('CAP_SYS_ADMIN')) {
      errors.push(invalid(field, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'))
    }
  }
  return [
    ...errors,
    ...validateProfile(context.seccompProfile, 'seccomp', field.child('seccompProfile')),
    ...validateProfile(context.appArmorProfile, 'AppArmor', field.child('appArmorProfile')),
  ]
}

function validateId(id: number | undefined, field: FieldPath): FieldError[] {
  return id === undefined || (id >= 0 && id <= MAX_ID) ? [] : [invalid(field, id, mustBeBetween(0, MAX_ID))]
}

function validateSysctls(sysctls: readonly Sysctl[], spec: PodSpec, field: FieldPath): FieldError[] {
  const repeated = repeats(sysctls, (each) => each.name)
  return sysctls.flatMap(({ name }, index) => {
    const at = field.index(index).child('name')
    if (!name) return [required(at)]
    if (name.length > MAX_SYSCTL_LENGTH || !new RegExp(SYSCTL).test(name)) {
      return [invalid(at, name, `must have at most ${MAX_SYSCTL_LENGTH} characters and match regex ${SYSCTL}`)]
    }
    if (repeated.has(index)) return [duplicate(at, name)]
    if (spec.hostNetwork && name.startsWith('net.')) return [invalid(at, name, "may not be specified when 'hostNetwork' is true")]
    const ofIpc = /^kernel\.(shm|msg|sem)|^fs\.mqueue\./.test(name)
    return spec.hostIPC && ofIpc ? [invalid(at, name, "may not be specified when 'hostIPC' is true")] : []
  })
}

interface Profile {
  type: string
  localhostProfile?: string
}

function validateProfile(profile: Profile | undefined, kind: 'seccomp' | 'AppArmor', field: FieldPath): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const at = field.child('localhostProfile')
  const fieldName = kind === 'seccomp' ? 'seccompProfile' : 'appArmorProfile'
  if (!type) return [required(field.child('type'), `type is required when ${fieldName} is set`)]
  const errors = validateChoice(type, PROFILE_TYPES, field.child('type'))
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined)
      errors.push(invalid(at, localhostProfile, `can only be set when ${kind} type is Localhost`))
    return errors
  }
  if (!localhostProfile) return [...errors, required(at, `must be set when ${kind} type is Localhost`)]
  return kind === 'seccomp' ? [...errors, ...validateLocalPath(localhostProfile, at)] : errors
}
