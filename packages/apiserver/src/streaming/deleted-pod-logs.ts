import type { IncomingMessage } from 'node:http'
import { ApiError, badRequest, NODES, type Node } from '@skiff/api'
import { readAnswer } from '../http/read-answer.ts'
import type { RequestInfo } from '../http/request-context.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import type { Agents } from './agent/agents.ts'

/** A deleted pod as an agent tells of it. */
interface DeletedPod {
  readonly uid: string
  readonly deletedAt: string
  readonly containers: readonly { readonly name: string }[]
}

interface Found extends DeletedPod {
  readonly node: string
}

interface Backend {
  readonly objects: ObjectReader
  readonly agents: Agents
  readonly signal: AbortSignal
}

/** An agent that hasn't answered by then is left out: the log may be another's. */
const TIMEOUT_MS = 3_000
const LIST_LIMIT_BYTES = 1024 * 1024

/**
 * `log?deleted=true`: what the pod of that name said that was deleted last. It isn't known any more where it was: all agents are
 * asked.
 */
export async function deletedPodLog(info: RequestInfo, query: URLSearchParams, backend: Backend): Promise<IncomingMessage> {
  const nodes = backend.objects.list<Node>(NODES).map(({ metadata }) => metadata.name)
  const path = `/deletedLogs/${[info.namespace, info.name].map(encodeURIComponent).join('/')}`
  const answers = await Promise.all(nodes.map((node) => askAgent(node, path, backend).catch(() => node)))
  const silent = answers.filter((answer) => typeof answer === 'string')
  const found = answers.flatMap((answer) => (typeof answer === 'string' ? [] : answer))
  const [newest] = found.toSorted((a, b) => (a.deletedAt < b.deletedAt ? 1 : -1))
  if (newest === undefined) throw nothingKept(info.name, silent)
  const container = containerOf(newest, info.name, info.query.get('container') ?? '')
  const log = `${path}/${encodeURIComponent(newest.uid)}/${encodeURIComponent(container)}?${query}`
  return await backend.agents.get(newest.node, log, backend.signal)
}

async function askAgent(node: string, path: string, { agents, signal }: Backend): Promise<readonly Found[]> {
  const answer = await agents.get(node, path, AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), signal]))
  const { items } = JSON.parse(await readAnswer(answer, LIST_LIMIT_BYTES)) as { readonly items: readonly DeletedPod[] }
  return items.map((pod) => ({ ...pod, node }))
}

function nothingKept(name: string, silent: readonly string[]): ApiError {
  const unknown = silent.length === 0 ? '' : ` (no answer from ${silent.join(', ')})`
  const why = `no log of a deleted pod "${name}" is kept: nodes keep them for a day, the newest first${unknown}`
  return new ApiError('NotFound', why)
}

function containerOf({ containers }: DeletedPod, pod: string, asked: string): string {
  const names = containers.map(({ name }) => name)
  if (names.includes(asked)) return asked
  if (asked !== '') throw badRequest(`container ${asked} is not valid for pod ${pod}`)
  const [only, ...more] = names
  if (only !== undefined && more.length === 0) return only
  throw badRequest(`a container name must be specified for pod ${pod}, choose one of: [${names.join(' ')}]`)
}
