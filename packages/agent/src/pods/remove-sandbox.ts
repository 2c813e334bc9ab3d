import type { PodScene } from './pod-tools.ts'

/** One removal, whoever asks for it; one that has failed can be asked for again. */
export function removeSandbox(id: string, { memory, tools }: Pick<PodScene, 'memory' | 'tools'>): Promise<void> {
  const known = memory.removals.get(id)
  if (known !== undefined) return known
  const removal = tools.runtime.removeSandbox(id).catch((error: unknown) => {
    memory.removals.delete(id)
    throw error
  })
  memory.removals.set(id, removal)
  return removal
}
