/** What happens to definitions besides being written: their objects go before them, and names that become free are given on. */

import { CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition, type KubeObject, setCondition } from '@skiff/api'
import type { StoreEvent } from '@skiff/store'
import type { Logger } from 'pino'
import { keyOf, prefixOf } from '../registry/keys.ts'
import type { Registry } from '../registry/registry.ts'
import type { WriteContext } from '../registry/write-context.ts'
import { CLEANUP_FINALIZER, isTerminating } from './definition.ts'

/** Finalizers of objects may take their time. */
const LOOK_AGAIN_MS = 500

interface Cleanup {
  readonly registry: Registry
  readonly clock: () => Date
  readonly logger: Logger
  readonly signal: AbortSignal
}

const WRITE: WriteContext = {
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  manager: 'kube-apiserver',
  dryRun: false,
  // What has to go goes: nobody is asked.
  admission: { mutate: () => undefined, validate: () => undefined },
  warn: () => undefined,
}

export function startCustomResourceCleanup(cleanup: Cleanup): void {
  const { registry, signal } = cleanup
  const { store } = registry
  const prefix = prefixOf(CUSTOM_RESOURCE_DEFINITIONS)
  const worker = new CleanupWorker(cleanup)
  const afterRevision = store.revision()
  for (const entry of store.list(prefix).entries) worker.look(entry.key.slice(prefix.length))
  store.watch({
    prefix,
    afterRevision,
    signal,
    onEvents: (events: readonly StoreEvent[]) => {
      for (const event of events) {
        if (event.type === 'put') worker.look(event.entry.key.slice(prefix.length))
        else worker.lookAtAll()
      }
    },
  })
}

class CleanupWorker {
  readonly #cleanup: Cleanup
  readonly #waiting = new Set<string>()
  #isRunning = false

  constructor(cleanup: Cleanup) {
    this.#cleanup = cleanup
  }

  look(name: string): void {
    this.#waiting.add(name)
    if (!this.#isRunning) void this.#run()
  }

  lookAtAll(): void {
    const definitions = this.#cleanup.registry.objects.list<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITIONS)
    for (const { metadata } of definitions) this.look(metadata.name)
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    for (const name of this.#waiting) {
      this.#waiting.delete(name)
      if (this.#cleanup.signal.aborted) break
      try {
        if ((await this.#attend(name)) === 'later') this.#again(name)
      } catch (error) {
        if (this.#cleanup.signal.aborted) break
        this.#cleanup.logger.warn({ err: error, definition: name }, 'custom resource definition was not cleaned up')
        this.#again(name)
      }
    }
    this.#isRunning = false
  }

  #again(name: string): void {
    const timer = setTimeout(() => this.look(name), LOOK_AGAIN_MS)
    timer.unref()
    this.#cleanup.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }

  async #attend(name: string): Promise<'done' | 'later'> {
    const definition = this.#definition(name)
    if (definition === undefined) return 'done'
    if (isTerminating(definition)) return await this.#finish(definition)
    if (isWaitingForNames(definition)) await this.#change(name, (object) => object)
    return 'done'
  }

  #definition(name: string): CustomResourceDefinition | undefined {
    return this.#cleanup.registry.objects.get<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITIONS, { name })
  }

  async #finish(definition: CustomResourceDefinition): Promise<'done' | 'later'> {
    const { name, finalizers } = definition.metadata
    if (!finalizers?.includes(CLEANUP_FINALIZER)) return 'done'
    const left = await this.#deleteObjects(name)
    if (left > 0) {
      await this.#changeStatus(name, (object) => terminating(object, this.#cleanup.clock()))
      return 'later'
    }
    await this.#change(name, (object) => {
      object.metadata.finalizers = (object.metadata.finalizers ?? []).filter((each) => each !== CLEANUP_FINALIZER)
      return object
    })
    return 'done'
  }

  /** Resolves with how many are still held by something. */
  async #deleteObjects(definition: string): Promise<number> {
    const { registry } = this.#cleanup
    const objects = registry.storedCustomObjects(definition)
    if (objects === undefined) return 0
    const { store, cache } = registry.shared
    const prefix = objects.prefixOf('')
    const { entries } = store.list(prefix)
    await objects.ready(entries)
    for (const entry of entries) {
      const { name, namespace = '', deletionTimestamp } = cache.get(entry).metadata
      if (deletionTimestamp === undefined) await objects.delete({ name, namespace }, {}, WRITE)
    }
    return store.list(prefix).entries.length
  }

  async #change(name: string, change: (object: KubeObject) => KubeObject): Promise<void> {
    await this.#update(name, '', change)
  }

  async #changeStatus(name: string, change: (object: KubeObject) => KubeObject): Promise<void> {
    await this.#update(name, 'status', change)
  }

  async #update(name: string, subresource: '' | 'status', change: (object: KubeObject) => KubeObject): Promise<void> {
    const definitions = this.#cleanup.registry.find(CUSTOM_RESOURCE_DEFINITIONS)
    const apply = (old: KubeObject | undefined) => change(structuredClone(old) as KubeObject)
    if (this.#cleanup.registry.store.get(keyOf(CUSTOM_RESOURCE_DEFINITIONS, '', name)) === undefined) return
    await definitions?.update({ namespace: '', name }, { subresource, createIfMissing: false, apply }, WRITE)
  }
}

function isWaitingForNames({ status }: CustomResourceDefinition): boolean {
  return status?.conditions?.some(({ type, status: state }) => type === 'NamesAccepted' && state !== 'True') ?? true
}

function terminating(object: KubeObject, now: Date): KubeObject {
  const definition = object as unknown as CustomResourceDefinition
  const condition = {
    type: 'Terminating',
    status: 'True' as const,
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  }
  const conditions = [...setCondition(definition.status?.conditions, condition, now)]
  return { ...object, status: { ...definition.status, conditions } }
}
