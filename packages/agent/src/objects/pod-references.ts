import type { Container, Pod, Volume } from '@skiff/api'
import { allContainersOf } from '../pods/container-history.ts'

export interface ObjectName {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
}

/** The ConfigMaps and Secrets that a pod's variables, volumes and image pulls name. */
export function podReferences(pod: Pod): readonly ObjectName[] {
  const containers = allContainersOf(pod)
  const found = [...containers.flatMap(ofContainer), ...(pod.spec.volumes ?? []).flatMap(ofVolume), ...ofImagePulls(pod)]
  return found.filter(({ name }) => name !== '')
}

function ofContainer(container: Container): ObjectName[] {
  const whole = (container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [
    ...configMaps(configMapRef?.name),
    ...secrets(secretRef?.name),
  ])
  const keys = (container.env ?? []).flatMap(({ valueFrom }) => [
    ...configMaps(valueFrom?.configMapKeyRef?.name),
    ...secrets(valueFrom?.secretKeyRef?.name),
  ])
  return [...whole, ...keys]
}

function ofVolume(volume: Volume): ObjectName[] {
  const projected = (volume.projected?.sources ?? []).flatMap((source) => [
    ...configMaps(source.configMap?.name),
    ...secrets(source.secret?.name),
  ])
  return [...configMaps(volume.configMap?.name), ...secrets(volume.secret?.secretName), ...projected]
}

function ofImagePulls(pod: Pod): ObjectName[] {
  return (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => secrets(name))
}

function configMaps(name: string | undefined): ObjectName[] {
  return name === undefined ? [] : [{ kind: 'ConfigMap', name }]
}

function secrets(name: string | undefined): ObjectName[] {
  return name === undefined ? [] : [{ kind: 'Secret', name }]
}
