import type { KindInfo } from '@skiff/api'

/** Where the objects of a kind, or of one namespace of it, are kept: `/registry/apps/deployments/default/`. */
export function prefixOf(info: KindInfo, namespace = ''): string {
  const root = `/registry/${info.group === '' ? 'core' : info.group}/${info.resource}/`
  return info.namespaced && namespace !== '' ? `${root}${namespace}/` : root
}

export function keyOf(info: KindInfo, namespace: string, name: string): string {
  return info.namespaced ? `${prefixOf(info)}${namespace}/${name}` : `${prefixOf(info)}${name}`
}
