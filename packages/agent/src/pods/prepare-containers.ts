import { isDeepStrictEqual } from 'node:util'
import type { Container } from '@skiff/api'
import type { ContainerState } from '../runtime/runtime.ts'
import { MutablePodMemory, type PreparedContainer } from './pod-memory.ts'
import type { PodScene } from './pod-tools.ts'
import { type StartStep, specifyContainer } from './specify-container.ts'

/**
 * Creates containers for a sandbox that is about to run: that is as long as creating takes won. Only what is certain to be
 * wanted, with an image that is here: whatever is in the way is left to the start itself, which then says so. Never throws.
 */
export async function prepareContainers(
  containers: readonly Container[],
  sandboxId: string,
  scene: PodScene,
): Promise<readonly ContainerState[]> {
  const able = containers.filter(
    ({ imagePullPolicy, resources }) => imagePullPolicy !== 'Always' && !takesDevices(resources?.limits),
  )
  const made = await Promise.all(
    able.map((container) =>
      prepare({ type: 'start-container', container, sandboxId, attempt: 0, backOffSeconds: 0 }, scene).catch((error: unknown) => {
        scene.tools.logger.debug({ container: container.name, err: error }, 'container was not prepared')
        return undefined
      }),
    ),
  )
  return made.filter((container) => container !== undefined)
}

/** What was prepared for this very start; whatever else was under that name is forgotten. */
export function takePrepared({ container, sandboxId, attempt }: StartStep, { memory }: PodScene): PreparedContainer | undefined {
  const prepared = memory.prepared.get(container.name)
  memory.prepared.delete(container.name)
  if (prepared === undefined || prepared.spec.sandboxId !== sandboxId || prepared.spec.attempt !== attempt) return undefined
  return isDeepStrictEqual(prepared.container, container) ? prepared : undefined
}

async function prepare(step: StartStep, scene: PodScene): Promise<ContainerState | undefined> {
  const { container } = step
  const { say, runtime } = scene.tools
  const told: Parameters<typeof say>[] = []
  // A rehearsal: what it finds wrong is found again.
  const tools = { ...scene.tools, say: (...event: Parameters<typeof say>) => void told.push(event) }
  const memory = new MutablePodMemory()
  if (scene.memory.podLimits !== undefined) memory.podLimits = scene.memory.podLimits
  const rehearsal = { ...scene, memory, tools }
  const spec = await specifyContainer(step, rehearsal, 'Never')
  if (spec === undefined || scene.signal.aborted) return undefined
  const created = await runtime.createContainer(spec)
  const tell = () => {
    for (const event of told) say(...event)
  }
  scene.memory.prepared.set(container.name, { id: created.id, container, spec, tell })
  return created
}

/** The node's devices are given out to what starts. */
function takesDevices(limits: Readonly<Record<string, unknown>> = {}): boolean {
  return Object.keys(limits).some((name) => name.includes('/'))
}
