import type { ImageRequest } from '../runtime/runtime.ts'
import type { ImagePeer } from './peers.ts'

export type ImageSource =
  | { readonly type: 'local' }
  | { readonly type: 'peer'; readonly peer: ImagePeer }
  | { readonly type: 'registry' }

interface Situation {
  readonly pullPolicy: ImageRequest['pullPolicy']
  /** The image that has the name here, whether it came from a registry, and whether the pod may have it (KEP-2535). */
  readonly local: { readonly pulled: boolean; readonly allowed: boolean } | undefined
  /** Those that have it. */
  readonly peers: readonly ImagePeer[]
  readonly name: string
}

/**
 * Where to look, in this order. `Always` asks the registry first, but an image that no registry ever saw (built here, or
 * built on another node) runs at once, and any copy is better than none when the registry hasn't got it or can't be reached.
 * Whoever may not have the copy that is here must be let in by the registry itself.
 */
export function imageSources({ pullPolicy, local, peers, name }: Situation): readonly ImageSource[] {
  const here: readonly ImageSource[] = local?.allowed ? [{ type: 'local' }] : []
  const registry: ImageSource = { type: 'registry' }
  const peer = (of: ImagePeer): ImageSource => ({ type: 'peer', peer: of })
  switch (pullPolicy) {
    case 'Never':
      return here
    case 'IfNotPresent':
      if (here.length > 0) return here
      return local === undefined ? [...peers.map(peer), registry] : [registry]
    case 'Always': {
      if (local !== undefined) return local.pulled ? [registry, ...here] : here
      const built = peers.filter((of) => of.find(name) === 'built')
      const pulled = peers.filter((of) => of.find(name) !== 'built')
      return [...built.map(peer), registry, ...pulled.map(peer)]
    }
  }
}
