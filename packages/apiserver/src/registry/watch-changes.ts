import type { Store } from '@skiff/store'

interface ChangeWatch {
  readonly store: Store
  readonly prefix: string
  readonly signal: AbortSignal
  /** Called before a write that changed something under the prefix is answered. */
  readonly onChange: () => void
}

/** Tells that something under a prefix has changed, not what. Who is dropped for being slow is told so too, and goes on. */
export function watchChanges({ store, prefix, signal, onChange }: ChangeWatch): void {
  store.watch({
    prefix,
    afterRevision: store.revision(),
    signal,
    onEvents: onChange,
    onClose: () => {
      onChange()
      if (!signal.aborted) watchChanges({ store, prefix, signal, onChange })
    },
  })
}
