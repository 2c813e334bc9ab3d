import { SAFE_SYSCTLS } from '@skiff/api'
import { byContainers, containersOf, named, type PodToCheck, quoted, type Rule, type Violation } from './pod-to-check.ts'

/** The rules of the Pod Security Standards' "baseline" profile that the pod breaks, in upstream's words. */
export function baselineViolations(pod: PodToCheck): Violation[] {
  return BASELINE_RULES.flatMap((rule) => rule(pod) ?? [])
}

const DEFAULT_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

const SELINUX_TYPES = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'])

const hostNamespaces: Rule = ({ spec }) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true)
  return used.length === 0 ? undefined : { reason: 'host namespaces', detail: used.map((field) => `${field}=true`).join(', ') }
}

const privileged = byContainers(
  'privileged',
  ({ securityContext }) => securityContext?.privileged === true,
  'must not set securityContext.privileged=true',
)

const capabilities: Rule = (pod) => {
  const added = (adds: readonly string[]) => adds.filter((capability) => !DEFAULT_CAPABILITIES.has(capability))
  const offenders = containersOf(pod)
    .map(({ name, securityContext }) => ({ name, beyond: added(securityContext?.capabilities?.add ?? []) }))
    .filter(({ beyond }) => beyond.length > 0)
  if (offenders.length === 0) return undefined
  const all = [...new Set(offenders.flatMap(({ beyond }) => beyond))].sort()
  const names = offenders.map(({ name }) => name)
  const detail = `${named('container', names)} must not include ${quoted(all)} in securityContext.capabilities.add`
  return { reason: 'non-default capabilities', detail }
}

const hostPathVolumes: Rule = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name)
  return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: named('volume', names) }
}

const hostPorts: Rule = (pod) => {
  const offenders = containersOf(pod)
    .map(({ name, ports }) => ({ name, used: (ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : [])) }))
    .filter(({ used }) => used.length > 0)
  if (offenders.length === 0) return undefined
  const used = [...new Set(offenders.flatMap((offender) => offender.used))].sort((a, b) => a - b)
  const uses = offenders.length === 1 ? 'uses' : 'use'
  const names = offenders.map(({ name }) => name)
  return {
    reason: 'hostPort',
    detail: `${named('container', names)} ${uses} hostPort${used.length === 1 ? '' : 's'} ${used.join(', ')}`,
  }
}

const probeHosts: Rule = (pod) => {
  const hosts = (container: (typeof pod.spec.containers)[number]) => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container
    return [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
      .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter((host) => host !== undefined && host !== '')
  }
  return byContainers('probe or lifecycle host', (container) => hosts(container).length > 0, 'must not set a host')(pod)
}

const seLinux: Rule = (pod) => {
  const contexts = [pod.spec.securityContext, ...containersOf(pod).map(({ securityContext }) => securityContext)]
  const isForbidden = contexts.some((context) => {
    const options = context?.seLinuxOptions
    return options !== undefined && (!SELINUX_TYPES.has(options.type ?? '') || Boolean(options.user) || Boolean(options.role))
  })
  return isForbidden ? { reason: 'seLinuxOptions', detail: 'forbidden user, role or type' } : undefined
}

const appArmor: Rule = (pod) => {
  const annotated = Object.entries(pod.annotations).filter(
    ([key, value]) =>
      key.startsWith('container.apparmor.security.beta.kubernetes.io/') &&
      !(value === '' || value === 'runtime/default' || value.startsWith('localhost/')),
  )
  const contexts = [pod.spec.securityContext, ...containersOf(pod).map(({ securityContext }) => securityContext)]
  const isUnconfined = contexts.some((context) => context?.appArmorProfile?.type === 'Unconfined')
  if (annotated.length === 0 && !isUnconfined) return undefined
  const detail =
    annotated.map(([key, value]) => `${key}="${value}"`).join(', ') || 'securityContext.appArmorProfile.type "Unconfined"'
  return { reason: 'forbidden AppArmor profile', detail }
}

const procMount = byContainers(
  'procMount',
  ({ securityContext }) => (securityContext?.procMount ?? 'Default') !== 'Default',
  'must not set securityContext.procMount to "Unmasked"',
)

const seccomp: Rule = (pod) => {
  if (pod.spec.securityContext?.seccompProfile?.type === 'Unconfined') {
    return { reason: 'seccompProfile', detail: 'pod must not set securityContext.seccompProfile.type to "Unconfined"' }
  }
  return byContainers(
    'seccompProfile',
    ({ securityContext }) => securityContext?.seccompProfile?.type === 'Unconfined',
    'must not set securityContext.seccompProfile.type to "Unconfined"',
  )(pod)
}

const sysctls: Rule = ({ spec }) => {
  const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !SAFE_SYSCTLS.has(name))
  return names.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: names.join(', ') }
}

const BASELINE_RULES: readonly Rule[] = [
  appArmor,
  capabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  privileged,
  probeHosts,
  procMount,
  seccomp,
  seLinux,
  sysctls,
]
