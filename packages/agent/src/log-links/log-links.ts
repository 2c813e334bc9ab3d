import { mkdirSync, rmdirSync, rmSync, symlinkSync } from 'node:fs'
import { lstat, readdir, readlink, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Log } from '@skiff/client'
import { asOnHost, onHost } from '../runtime/docker/engine-paths.ts'
import type { ContainerState } from '../runtime/runtime.ts'

const LOG_DIRECTORY = '/var/log'
/** Of one file's name; a longer one is cut, as the kubelet does. */
const LONGEST_NAME = 255
const SUFFIX = '.log'

export interface LogLinksOptions {
  readonly logger: Log
  /** Tests have a directory of their own. */
  readonly directory?: string
}

/**
 * The logs of this host's containers where log collectors look for a kubelet's: `pods/<namespace>_<pod>_<uid>/<container>/
 * <attempt>.log` leads to the engine's own file, and `containers/<pod>_<namespace>_<container>-<id>.log` to that. They are
 * the engine's json-files, as they were under dockershim. Nothing here depends on them: what fails is told at debug level.
 */
export class LogLinks {
  readonly #logger: Log
  readonly #places: Places
  #pruned: Promise<void> | undefined
  /** By pod: what is still to be done, in order. */
  readonly #doing = new Map<string, Promise<void>>()

  constructor({ logger, directory }: LogLinksOptions) {
    this.#logger = logger
    this.#places = placesOf(directory)
  }

  /** Of a container that has just been made; nobody needs to wait for it. */
  show(container: ContainerState): void {
    if (container.logPath !== '') void this.#inTurn(container.pod.uid, () => make(container, this.#places))
  }

  /** Of containers that are gone. */
  async forget(containers: readonly ContainerState[]): Promise<void> {
    const ofPods = containers.filter(({ pod }) => pod.name !== '')
    await Promise.all(ofPods.map((container) => this.#inTurn(container.pod.uid, () => remove(container, this.#places))))
  }

  /** Once, before anything is shown: takes away what an agent left that ended too early. */
  prune(): Promise<void> {
    this.#pruned ??= this.#try(() => pruneLogLinks(this.#places))
    return this.#pruned
  }

  #inTurn(uid: string, act: () => void): Promise<void> {
    const turn = (this.#doing.get(uid) ?? this.prune()).then(() => this.#try(act))
    this.#doing.set(uid, turn)
    return turn.finally(() => {
      if (this.#doing.get(uid) === turn) this.#doing.delete(uid)
    })
  }

  async #try(act: () => Promise<void> | void): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#logger.debug({ err: error }, 'links to logs were not changed')
    }
  }
}

interface Places {
  /** Where the links are made. */
  readonly directory: string
  /** What the host calls it: links name it so. */
  readonly onHost: string
}

function placesOf(directory: string | undefined): Places {
  return { directory: directory ?? onHost(LOG_DIRECTORY), onHost: directory ?? LOG_DIRECTORY }
}

/** Takes away what leads nowhere, and the folders that are empty then. */
export async function pruneLogLinks(places: Places = placesOf(undefined)): Promise<void> {
  const pods = join(places.directory, 'pods')
  for (const pod of await entries(pods)) await prunePod(join(pods, pod), places)
  const containers = join(places.directory, 'containers')
  for (const name of await entries(containers)) await pruneLink(join(containers, name), places)
  for (const folder of [pods, containers]) removeEmpty([folder])
}

async function prunePod(folder: string, places: Places): Promise<void> {
  for (const container of await entries(folder)) {
    const logs = join(folder, container)
    for (const name of await entries(logs)) await pruneLink(join(logs, name), places)
    removeEmpty([logs])
  }
  removeEmpty([folder])
}

function make(container: ContainerState, places: Places): void {
  const { inPod, inContainers } = namesOf(container)
  const target = asOnHost(container.logPath)
  mkdirSync(dirname(join(places.directory, inPod)), { recursive: true })
  mkdirSync(join(places.directory, 'containers'), { recursive: true })
  link(target, join(places.directory, inPod))
  link(join(places.onHost, inPod), join(places.directory, inContainers))
}

function remove(container: ContainerState, { directory }: Places): void {
  const { inPod, inContainers } = namesOf(container)
  rmSync(join(directory, inContainers), { force: true })
  rmSync(join(directory, inPod), { force: true })
  removeEmpty([dirname(join(directory, inPod)), dirname(dirname(join(directory, inPod)))])
}

/** A link whose file is gone; an agent in a container looks for it among the host's. */
async function pruneLink(path: string, places: Places): Promise<void> {
  const target = await readlink(path).catch(() => undefined)
  if (target === undefined) return
  const seen = places.directory === places.onHost ? target : onHost(target)
  const isThere = await lstat(seen).then(yes, no)
  if (!isThere) await rm(path, { force: true })
}

/** In the folder of its pod, and in that of all containers. */
function namesOf({ pod, name, attempt, id }: ContainerState): { inPod: string; inContainers: string } {
  const whole = `${pod.name}_${pod.namespace}_${name}-${id}`.slice(0, LONGEST_NAME - SUFFIX.length)
  return {
    inPod: join('pods', `${pod.namespace}_${pod.name}_${pod.uid}`, name, `${attempt}${SUFFIX}`),
    inContainers: join('containers', `${whole}${SUFFIX}`),
  }
}

function link(target: string, path: string): void {
  rmSync(path, { force: true })
  symlinkSync(target, path)
}

async function entries(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => [])
}

/** From the innermost on; the first that isn't empty ends it. */
function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) rmdirSync(folder)
  } catch {
    // Others have something there.
  }
}

const yes = () => true
const no = () => false
