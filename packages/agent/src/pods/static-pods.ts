/** Pods out of a directory of this host: they run whatever the API says, and it shows mirrors of them. */

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeObject, type Pod, schemaOf } from '@skiff/api'
import { type Log, parseManifest } from '@skiff/client'
import { podReferences } from '../objects/pod-references.ts'
import { followDirectory } from './directory-changes.ts'

const CONFIG_SOURCE = 'kubernetes.io/config.source'
const CONFIG_HASH = 'kubernetes.io/config.hash'

export interface StaticPodsOptions {
  readonly directory: string
  readonly nodeName: string
  readonly logger: Log
  readonly signal: AbortSignal
}

/** A change that nobody told of is seen after so long, as with the kubelet. */
const READ_AGAIN_MS = 20_000
/** Editors write a file in several steps. */
const SETTLE_MS = 100

export class StaticPods {
  readonly #options: StaticPodsOptions
  #pods: ReadonlyMap<string, Pod> = new Map()
  /** The name of each one's file. */
  readonly #files = new WeakMap<Pod, string>()

  constructor(options: StaticPodsOptions) {
    this.#options = options
  }

  /** By uid. */
  get pods(): ReadonlyMap<string, Pod> {
    return this.#pods
  }

  /** Resolves when the directory was read once; from then on `onChange` is told of every change until the signal. */
  async start(onChange: () => void): Promise<void> {
    await this.#read()
    void this.#follow(onChange)
  }

  async #follow(onChange: () => void): Promise<void> {
    const { directory, logger, signal } = this.#options
    const read = (replaced: ReadonlySet<string>) =>
      this.#readChanges(replaced, onChange).catch((error: unknown) => logger.error({ err: error }, 'static pods were not read'))
    let changes = followDirectory(directory, signal)
    // What came before it was followed.
    await read(new Set())
    while (!signal.aborted) {
      const isTold = await changes.wait(READ_AGAIN_MS)
      if (isTold) await delay(SETTLE_MS, undefined, { signal }).catch(() => undefined)
      const before = changes
      // It may be another directory of that name by now.
      if (!isTold) changes = followDirectory(directory, signal)
      const replaced = before.takeReplaced()
      if (!isTold) before.close()
      if (!signal.aborted) await read(replaced)
    }
  }

  /** A file that was away in between is another's, whatever it says: its pod ends, and runs anew. */
  async #readChanges(replaced: ReadonlySet<string>, onChange: () => void): Promise<void> {
    const before = this.#pods
    const isNew = await this.#read()
    const after = this.#pods
    const again = [...after].filter(([uid, pod]) => before.has(uid) && replaced.has(this.#files.get(pod) ?? ''))
    if (again.length > 0) {
      this.#pods = new Map([...after].filter(([uid]) => !again.some(([one]) => one === uid)))
      onChange()
      this.#pods = after
    }
    if (isNew || again.length > 0) onChange()
  }

  /** Says whether anything is new. */
  async #read(): Promise<boolean> {
    const before = [...this.#pods.keys()].sort().join()
    const found = await this.#readAll()
    this.#pods = new Map(found.map((pod) => [pod.metadata.uid, pod]))
    return [...this.#pods.keys()].sort().join() !== before
  }

  async #readAll(): Promise<Pod[]> {
    const { directory, logger, nodeName } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const pods = new Map<string, Pod>()
    for (const file of (await readdir(directory)).filter(isManifest).sort()) {
      const path = join(directory, file)
      try {
        const pod = staticPod(parseManifest(await readFile(path, 'utf8')), { path, nodeName })
        const name = `${pod.metadata.namespace}/${pod.metadata.name}`
        if (pods.has(name)) throw new Error(`another file has a pod ${name} already`)
        pods.set(name, pod)
        this.#files.set(pod, file)
      } catch (error) {
        logger.error({ file: path, err: error }, 'static pod was left out: mend its file, or take it away')
      }
    }
    return [...pods.values()]
  }
}

function isManifest(file: string): boolean {
  return /^[^.].*\.(ya?ml|json)$/.test(file)
}

/** What the file says, as a pod of this node. Throws when it is none, or needs what only the API has. */
export function staticPod(manifest: unknown, { path, nodeName }: { readonly path: string; readonly nodeName: string }): Pod {
  const { kind, apiVersion } = (manifest ?? {}) as { kind?: unknown; apiVersion?: unknown }
  if (kind !== 'Pod' || apiVersion !== 'v1') throw new Error('the file holds no Pod of apiVersion v1')
  const schema = schemaOf('', 'v1', 'Pod')
  if (schema === undefined) throw new Error('there is no schema of pods')
  const pod = decodeObject(schema, manifest).object as unknown as Pod
  if (!pod.metadata?.name || (pod.spec?.containers ?? []).length === 0) throw new Error('a pod has a name and containers')
  const [reference] = podReferences(pod)
  if (reference !== undefined || pod.spec.serviceAccountName) {
    throw new Error('a static pod can have no ConfigMaps, Secrets and service accounts')
  }
  const uid = createHash('sha256')
    .update(JSON.stringify([nodeName, path, pod]))
    .digest('hex')
    .slice(0, 32)
  const annotations = { ...pod.metadata.annotations, [CONFIG_HASH]: uid, [CONFIG_SOURCE]: 'file' }
  const { metadata, spec } = pod
  return {
    ...pod,
    metadata: {
      ...{ ...metadata, name: `${metadata.name}-${nodeName}`, namespace: metadata.namespace ?? 'default', uid, annotations },
      ...{ resourceVersion: '', creationTimestamp: '' },
    },
    // No taint drives it away.
    spec: { ...spec, nodeName, tolerations: [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }] },
    status: { phase: 'Pending' },
  }
}
