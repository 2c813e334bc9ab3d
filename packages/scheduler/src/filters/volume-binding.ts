import { VOLUME_NODE_LABEL } from '@skiff/api'
import type { NodeState } from '../node-state.ts'
import type { PodInfo } from '../pod-info.ts'
import { chooseVolumes, NO_SPACE, NODE_CONFLICT } from '../volumes/pod-volumes.ts'
import type { Filter } from './filter.ts'

/** Bound volumes must reach the node; open claims must find a volume there, or room for one. */
export const volumeBinding: Filter = {
  name: 'VolumeBinding',

  check: (pod, node) => reasonOf(pod, node),

  cure(pod, nodes) {
    const [node] = nodes
    switch (node && reasonOf(pod, node)) {
      case NODE_CONFLICT:
        return `${placesOf(pod)} Bring back that node or make it fit this pod, or delete the claim to begin with an empty one.`
      case NO_SPACE:
        return 'Ask for less storage, delete claims that nobody needs, or add a node.'
      default:
        return 'Create a PersistentVolume of the claim’s class that these nodes reach, or use a class with a provisioner.'
    }
  },
}

function reasonOf({ volumes }: PodInfo, { node }: Readonly<NodeState>): string | undefined {
  const choices = volumes === undefined ? [] : chooseVolumes(volumes, node)
  return typeof choices === 'string' ? choices : undefined
}

/** Where a volume of the built-in provisioner lies, for those who look for its data. */
function placesOf({ volumes }: PodInfo): string {
  const places = (volumes?.bound ?? []).map(({ metadata, spec }) => {
    const node = metadata.labels?.[VOLUME_NODE_LABEL]
    const claim = spec.claimRef?.name ?? metadata.name
    return node === undefined
      ? `The volume ${metadata.name} of claim ${claim} can be used on certain nodes only.`
      : `The data of claim ${claim} lies on node ${node}.`
  })
  return places[0] ?? ''
}
