import type { Container, PersistentVolumeClaim, PodSpec, Probe, Volume } from '@skiff/api'
import { canonicalPodSpec } from './canonical-pod-spec.ts'

const DEFAULT_GRACE_SECONDS = 30
/** 0644: files of Secrets, ConfigMaps and other projected volumes. */
const DEFAULT_FILE_MODE = 0o644
const TOKEN_LIFETIME_SECONDS = 3600

/** What upstream fills into the spec of a pod and of a pod template alike. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.restartPolicy ||= 'Always'
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.schedulerName ||= 'default-scheduler'
  spec.terminationGracePeriodSeconds ??= DEFAULT_GRACE_SECONDS
  spec.securityContext ??= {}
  mirrorServiceAccount(spec)
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) defaultContainer(container)
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container)
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
  canonicalPodSpec(spec)
}

/** `serviceAccount` is the old name of `serviceAccountName`; upstream shows both. */
export function mirrorServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount
  if (name === undefined || name === '') return
  spec.serviceAccountName = name
  spec.serviceAccount = name
}

function defaultContainer(container: Container): void {
  container.imagePullPolicy ||= imageTag(container.image ?? '') === 'latest' ? 'Always' : 'IfNotPresent'
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  for (const port of container.ports ?? []) port.protocol ||= 'TCP'
  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ||= 'v1'
    if (variable.valueFrom?.resourceFieldRef) variable.valueFrom.resourceFieldRef.divisor ??= '0'
    if (variable.valueFrom?.fileKeyRef) variable.valueFrom.fileKeyRef.optional ??= false
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe)
  }
  defaultHttpGet(container.lifecycle?.postStart?.httpGet)
  defaultHttpGet(container.lifecycle?.preStop?.httpGet)
}

/** The tag that a pull would use; '' when the image is named by digest alone. */
export function imageTag(image: string): string {
  const [name = '', digest] = image.split('@')
  const colon = name.lastIndexOf(':')
  if (colon > name.lastIndexOf('/')) return name.slice(colon + 1)
  return digest === undefined ? 'latest' : ''
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  if (probe.grpc) probe.grpc.service ??= ''
  defaultHttpGet(probe.httpGet)
}

function defaultHttpGet(action: Probe['httpGet']): void {
  if (!action) return
  action.path ||= '/'
  action.scheme ||= 'HTTP'
}

function defaultVolume(volume: Volume): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name')
  if (sources.length === 0) volume.emptyDir = {}
  if (volume.secret) volume.secret.defaultMode ??= DEFAULT_FILE_MODE
  if (volume.configMap) volume.configMap.defaultMode ??= DEFAULT_FILE_MODE
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= DEFAULT_FILE_MODE
    defaultDownwardItems(volume.downwardAPI.items)
  }
  if (volume.projected) defaultProjected(volume.projected)
  if (volume.image) volume.image.pullPolicy ||= imageTag(volume.image.reference ?? '') === 'latest' ? 'Always' : 'IfNotPresent'
  const claim = volume.ephemeral?.volumeClaimTemplate as { spec?: PersistentVolumeClaim['spec'] } | undefined
  if (claim?.spec) claim.spec.volumeMode ??= 'Filesystem'
}

function defaultProjected(projected: NonNullable<Volume['projected']>): void {
  projected.defaultMode ??= DEFAULT_FILE_MODE
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= TOKEN_LIFETIME_SECONDS
    defaultDownwardItems(source.downwardAPI?.items)
  }
}

function defaultDownwardItems(items: NonNullable<Volume['downwardAPI']>['items']): void {
  for (const item of items ?? []) {
    if (item.fieldRef) item.fieldRef.apiVersion ||= 'v1'
    if (item.resourceFieldRef) item.resourceFieldRef.divisor ??= '0'
  }
}
