/** Where 1.36 differs from the recorded 1.20 in what is owned. */

type Json = Record<string, unknown>

/** The recorded managedFields as 1.36 gives them: new defaults, no empty times, atomic selectors. */
export function newerFields(resource: string, owned: Json): void {
  dropOwnedTimes(owned)
  const spec = (owned['f:spec'] ?? {}) as Json
  const update = (spec['f:updateStrategy'] as { 'f:rollingUpdate'?: Json } | undefined)?.['f:rollingUpdate']
  switch (resource) {
    case 'replicationcontrollers':
      spec['f:selector'] = {}
      break
    case 'statefulsets':
      spec['f:persistentVolumeClaimRetentionPolicy'] = { '.': {}, 'f:whenDeleted': {}, 'f:whenScaled': {} }
      if (update) update['f:maxUnavailable'] = {}
      break
    case 'daemonsets':
      if (update) update['f:maxSurge'] = {}
      // What the server counts belongs to nobody here.
      delete owned['f:metadata']
      break
    case 'jobs':
      Object.assign(spec, { 'f:completionMode': {}, 'f:suspend': {}, 'f:podReplacementPolicy': {} })
  }
}

function dropOwnedTimes(owned: unknown): void {
  if (typeof owned !== 'object' || owned === null) return
  const fields = owned as Json
  delete fields['f:creationTimestamp']
  for (const inner of Object.values(fields)) dropOwnedTimes(inner)
}
