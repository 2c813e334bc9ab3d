import type { ContainerInfo } from 'dockerode'
import { CLUSTER } from '../../pods/labels.ts'
import { Semaphore } from '../../semaphore.ts'
import { Engine, READ_TIMEOUT_MS, WRITE_TIMEOUT_MS } from './engine.ts'
import { isConflict, isMissing } from './engine-errors.ts'
import { isSandbox } from './identity.ts'
import { SANDBOX_IMAGE } from './sandbox-image.ts'

const REMOVALS_AT_ONCE = 8

/**
 * Kills and removes every container of the cluster on this engine, whichever agent of it made them, and the sandboxes'
 * image unless others use it. Gives how many there were. Throws `EngineUnavailableError`.
 */
export async function removeContainers(dockerHost: string, clusterId: string): Promise<number> {
  const engine = new Engine(dockerHost)
  const ours = await engine.call('list', READ_TIMEOUT_MS, (docker, abortSignal) =>
    docker.listContainers({ all: true, filters: { label: [`${CLUSTER}=${clusterId}`] }, abortSignal }),
  )
  // A sandbox holds the network of the containers that joined it: it goes last.
  const [sandboxes, containers] = [true, false].map((wanted) => ours.filter(({ Labels }) => isSandbox(Labels) === wanted))
  for (const group of [containers ?? [], sandboxes ?? []]) await removeAll(engine, group)
  await removeSandboxImage(engine)
  return ours.length
}

async function removeAll(engine: Engine, containers: readonly ContainerInfo[]): Promise<void> {
  const turns = new Semaphore(REMOVALS_AT_ONCE)
  await Promise.all(containers.map(({ Id }) => turns.run(() => remove(engine, Id))))
}

async function remove(engine: Engine, id: string): Promise<void> {
  await engine
    .call(`remove ${id.slice(0, 12)}`, WRITE_TIMEOUT_MS, (docker, abortSignal) =>
      docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
    )
    // Gone, or on its way by somebody else's hand.
    .catch((error: unknown) => {
      if (!isMissing(error) && !isConflict(error)) throw error
    })
}

async function removeSandboxImage(engine: Engine): Promise<void> {
  await engine
    .call('remove the sandbox image', WRITE_TIMEOUT_MS, (docker, abortSignal) =>
      docker.getImage(SANDBOX_IMAGE).remove({ abortSignal }),
    )
    // Another cluster's sandboxes use it.
    .catch((error: unknown) => {
      if (!isMissing(error) && !isConflict(error)) throw error
    })
}
