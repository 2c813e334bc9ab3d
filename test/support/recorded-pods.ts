/** Pods that a real kubelet ran, and what it wrote into their status; as text, a line a fact, so that a difference is readable. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ContainerStatus, EVENTS, type Event, PODS, type Pod, type PodCondition, type PodStatus } from '@skiff/api'
import type { ApiClient } from '@skiff/client'

interface Recorded {
  readonly case: string
  readonly spec: Pod['spec']
  readonly statuses: readonly PodStatus[]
  readonly events: readonly Event[]
}

export interface RecordedPod {
  readonly case: string
  readonly spec: Pod['spec']
  /** What the status was, one after the other. */
  readonly steps: readonly string[]
  /** What was told, in the order in which it was told first. */
  readonly events: readonly string[]
}

export function recordedPods(file: string): readonly RecordedPod[] {
  const text = readFileSync(join(import.meta.dirname, '..', 'e2e', 'testdata', file), 'utf8')
  const lines = text.trim().split('\n')
  return lines
    .map((line) => JSON.parse(line) as Recorded)
    .map(({ statuses, events, ...rest }) => ({ ...rest, steps: unique(statuses.map(statusText)), events: events.map(eventText) }))
}

/** Phase, conditions and containers, without what is different each time. */
function statusText(status: PodStatus): string {
  const { phase, reason, message, podIP, conditions = [], initContainerStatuses = [], containerStatuses = [] } = status
  const lines = [
    masked(because(`${phase}${podIP ? ', has an address' : ''}`, reason, message)),
    // Newer than the record.
    ...conditions.filter(({ type }) => type !== 'PodReadyToStartContainers').map(conditionText),
    ...initContainerStatuses.map((container) => containerText(container, 'init ')),
    ...containerStatuses.map((container) => containerText(container, '')),
  ]
  return lines.join('\n')
}

function conditionText({ type, status, reason, message }: PodCondition): string {
  return masked(because(`${type}=${status}`, reason, message))
}

function containerText({ name, state, lastState, ready, started, restartCount, image }: ContainerStatus, kind: string): string {
  const facts = [`${restartCount} restarts`, ...(ready ? ['ready'] : []), ...(started && kind === '' ? ['started'] : [])]
  const last = stateText(lastState)
  return masked(`${kind}${name} (${image}): ${stateText(state)}${last === '' ? '' : `; before: ${last}`}; ${facts.join(', ')}`)
}

function stateText({ running, waiting, terminated }: NonNullable<ContainerStatus['state']> = {}): string {
  if (running) return 'runs'
  if (waiting) return because('waits', waiting.reason, waiting.message)
  return terminated ? because(`ended with ${terminated.exitCode}`, terminated.reason, terminated.message) : ''
}

function because(what: string, reason: string | undefined, message: string | undefined): string {
  return `${what}${reason ? ` ${reason}` : ''}${message ? `: ${message.trimEnd()}` : ''}`
}

function eventText({ type, reason, message, fieldPath, involvedObject }: Event & { readonly fieldPath?: string }): string {
  const about = fieldPath ?? involvedObject?.fieldPath ?? 'the pod'
  return masked(`${type} ${reason} of ${about}: ${(message ?? '').trimEnd()}`)
}

function masked(text: string): string {
  return text
    .replaceAll(/[\w-]+_default\([0-9a-f-]{36}\)/g, '<pod>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<id>')
    .replaceAll(/\b10\.\d+\.\d+\.\d+\b/g, '<ip>')
    .replaceAll(/used: \d+, capacity: \d+/g, 'used: <n>, capacity: <n>')
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}

/** A pod that is looked at all the time: every status it has had, every event about it. */
export class WatchedPod implements AsyncDisposable {
  readonly name: string
  readonly steps: string[] = []
  readonly events: string[] = []
  isGone = false
  readonly #end = new AbortController()
  readonly #watching: Promise<unknown>

  /** `since`: a resourceVersion from before the pod was there. */
  constructor(client: ApiClient, { name, since }: { readonly name: string; readonly since: string }) {
    this.name = name
    this.#watching = Promise.all([this.#watchStatus(client, since), this.#watchEvents(client, since)])
    this.#watching.catch(() => undefined)
  }

  async #watchStatus(client: ApiClient, resourceVersion: string): Promise<void> {
    const options = { namespace: 'default', fieldSelector: `metadata.name=${this.name}`, resourceVersion }
    for await (const { type, object } of client.watch<Pod>(PODS, { ...options, signal: this.#end.signal })) {
      if (type === 'BOOKMARK') continue
      if (type === 'DELETED') this.isGone = true
      note(this.steps, statusText(object.status ?? {}))
    }
  }

  async #watchEvents(client: ApiClient, resourceVersion: string): Promise<void> {
    const options = { namespace: 'default', fieldSelector: `involvedObject.name=${this.name}`, resourceVersion }
    for await (const { type, object } of client.watch<Event>(EVENTS, { ...options, signal: this.#end.signal })) {
      if (type !== 'BOOKMARK') note(this.events, eventText(object))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#watching.catch(() => undefined)
  }
}

function note(seen: string[], text: string): void {
  if (!seen.includes(text)) seen.push(text)
}
