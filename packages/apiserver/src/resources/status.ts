import type { KubeObject } from '@skiff/api'

/** The main path never writes status: an update keeps what is stored. */
export function keepStatus(object: KubeObject, old: KubeObject): void {
  if (old.status === undefined) delete object.status
  else object.status = old.status
}
