import type { FieldPath } from '@skiff/api'

/** Kinds of volumes that nothing serves any more: their field, as it is told of, and since when. */
const DEAD: readonly (readonly [string, string, string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]
/** Nothing is said of these where a PersistentVolume names them. */
const SILENT_IN_VOLUMES = new Set(['flocker', 'quobyte'])

export function deadSourceWarnings(source: object, field: FieldPath, of: 'pod' | 'volume' = 'pod'): string[] {
  return DEAD.filter(([kind]) => kind in source && !(of === 'volume' && SILENT_IN_VOLUMES.has(kind))).map(
    ([, shown, advice]) => `${field.child(shown)}: ${advice}`,
  )
}
