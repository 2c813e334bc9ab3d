import { byContainers, containersOf, named, type PodToCheck, quoted, type Rule, type Violation } from './pod-to-check.ts'

/** What the "restricted" profile asks beyond "baseline". */
export function restrictedViolations(pod: PodToCheck): Violation[] {
  return RESTRICTED_RULES.flatMap((rule) => rule(pod) ?? [])
}

const ALLOWED_VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

const volumeTypes: Rule = ({ spec }) => {
  const typeOf = (volume: object) => Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir'
  const beyond = (spec.volumes ?? [])
    .map((volume) => ({ name: volume.name, type: typeOf(volume) }))
    .filter(({ type }) => !ALLOWED_VOLUMES.has(type))
  if (beyond.length === 0) return undefined
  const names = beyond.map(({ name }) => name)
  const types = [...new Set(beyond.map(({ type }) => type))].sort()
  const use = beyond.length === 1 ? 'uses restricted volume type' : `use restricted volume type${types.length === 1 ? '' : 's'}`
  return { reason: 'restricted volume types', detail: `${named('volume', names)} ${use} ${quoted(types)}` }
}

const privilegeEscalation = byContainers(
  'allowPrivilegeEscalation != false',
  ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  'must set securityContext.allowPrivilegeEscalation=false',
)

const dropAll = byContainers(
  'unrestricted capabilities',
  ({ securityContext }) => {
    const { add = [], drop = [] } = securityContext?.capabilities ?? {}
    return !drop.includes('ALL') || add.some((capability) => capability !== 'NET_BIND_SERVICE')
  },
  'must set securityContext.capabilities.drop=["ALL"]',
)

const runAsNonRoot: Rule = (pod) => {
  const wholePod = pod.spec.securityContext?.runAsNonRoot === true
  const names = containersOf(pod)
    .filter(
      ({ securityContext }) => securityContext?.runAsNonRoot === false || (!wholePod && securityContext?.runAsNonRoot !== true),
    )
    .map(({ name }) => name)
  if (names.length === 0) return undefined
  const subject = `${wholePod ? '' : 'pod or '}${named('container', names)}`
  return {
    reason: 'runAsNonRoot != true',
    detail: `${subject} must ${wholePod ? 'not set securityContext.runAsNonRoot=false' : 'set securityContext.runAsNonRoot=true'}`,
  }
}

const runAsRoot: Rule = (pod) => {
  if (pod.spec.securityContext?.runAsUser === 0) return { reason: 'runAsUser=0', detail: 'pod must not set runAsUser=0' }
  return byContainers('runAsUser=0', ({ securityContext }) => securityContext?.runAsUser === 0, 'must not set runAsUser=0')(pod)
}

const seccompProfile: Rule = (pod) => {
  const isConfined = (type: string | undefined) => type === 'RuntimeDefault' || type === 'Localhost'
  const wholePod = pod.spec.securityContext?.seccompProfile?.type
  const names = containersOf(pod)
    .filter(({ securityContext }) => !isConfined(securityContext?.seccompProfile?.type ?? wholePod))
    .map(({ name }) => name)
  if (names.length === 0) return undefined
  const detail = `pod or ${named('container', names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`
  return { reason: 'seccompProfile', detail }
}

const RESTRICTED_RULES: readonly Rule[] = [privilegeEscalation, dropAll, volumeTypes, runAsNonRoot, runAsRoot, seccompProfile]
