import { chmod, mkdir } from 'node:fs/promises'
import { addQuantities, type Pod, quantityToBytes, type Volume } from '@skiff/api'
import { ConfigError } from '../containers/config-error.ts'
import { mountTmpfs } from './mounts.ts'

/** As the kernel makes them: whoever writes can't remove what others wrote. Upstream leaves a memory-backed volume so. */
const MEMORY_MODE = 0o1777
const DISK_MODE = 0o777

/** Makes the directory, or the memory-backed file system, that stays until the pod is gone. Says whether what was in it is lost. */
export async function makeEmptyDir(
  path: string,
  { emptyDir, pod, allocatableMemory }: { readonly emptyDir: EmptyDir; readonly pod: Pod; readonly allocatableMemory: string },
): Promise<boolean> {
  const { medium = '' } = emptyDir
  if (medium !== '' && medium !== 'Memory') {
    throw new ConfigError(`emptyDir medium "${medium}" is not supported on this node: use "" (disk) or "Memory"`)
  }
  const made = await mkdir(path, { recursive: true })
  if (medium !== 'Memory') return made !== undefined
  return await mountTmpfs(path, [`size=${memorySize(emptyDir, pod, allocatableMemory)}`])
}

/** Anybody may write to it. */
export async function openEmptyDir(path: string, { medium }: EmptyDir): Promise<void> {
  await chmod(path, medium === 'Memory' ? MEMORY_MODE : DISK_MODE)
}

type EmptyDir = NonNullable<Volume['emptyDir']>

/** The smallest of the volume's limit, what the pod may use at all, and what the node has (KEP-1967). */
export function memorySize({ sizeLimit = '0' }: EmptyDir, pod: Pod, allocatableMemory: string): number {
  const limits = [allocatableMemory, sizeLimit, ...podMemoryLimits(pod)].map((limit) => Number(quantityToBytes(limit)))
  return Math.min(...limits.filter((bytes) => bytes > 0))
}

/** The pod's own, or the sum of its containers'; none when a container has none. */
function podMemoryLimits({ spec }: Pod): (string | number)[] {
  const whole = spec.resources?.limits?.memory
  if (whole !== undefined) return [whole]
  const limits = spec.containers.flatMap(({ resources }) => resources?.limits?.memory ?? [])
  return limits.length < spec.containers.length ? [] : [addQuantities(...limits)]
}
