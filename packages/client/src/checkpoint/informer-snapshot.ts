import type { Checkpoint } from './checkpoint.ts'

/** Where an informer keeps what it knows, and finds what an earlier one knew. */
export interface Snapshot<T> {
  load(): Promise<readonly T[] | undefined>
  /** Called at every change, and when the server's list is complete. `list` may be asked later. */
  save(list: () => readonly T[]): void
}

/** An informer's objects in a checkpoint. @param reduce leaves out of an object what nobody needs without the master */
export function snapshotIn<T>(checkpoint: Checkpoint, name: string, reduce: (object: T) => T = (object) => object): Snapshot<T> {
  return {
    load: () => checkpoint.load<readonly T[]>(name),
    save: (list) => checkpoint.save(name, () => list().map(reduce)),
  }
}
