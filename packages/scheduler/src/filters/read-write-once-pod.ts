import type { Filter } from './filter.ts'

/** A ReadWriteOncePod claim serves one pod at a time (KEP-2485). */
export const readWriteOncePod: Filter = {
  name: 'VolumeRestrictions',
  freedByPods: true,

  check({ volumes }) {
    const taken = volumes?.takenClaim !== undefined
    return taken ? 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode' : undefined
  },

  cure: ({ volumes }) =>
    `Claim ${volumes?.takenClaim} may be used by one pod at a time: the pod starts when the other one is gone.`,
}
