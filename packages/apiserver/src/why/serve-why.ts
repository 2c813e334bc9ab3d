/** `GET /why/<resource>/<namespace>/<name>`, and `/why/<resource>/<name>` for kinds without namespaces. */

import {
  apiVersionOf,
  ENDPOINT_SLICES,
  type EndpointSlice,
  EVENTS,
  type Event,
  type KindInfo,
  NODES,
  type Node,
  notFound,
  PODS,
  type Pod,
  qualifiedResource,
  REPLICA_SETS,
  type ReplicaSet,
} from '@skiff/api'
import { authorize } from '../http/authorize.ts'
import { type HttpAnswer, jsonAnswer, textAnswer } from '../http/http-answer.ts'
import { parseMediaType } from '../http/negotiation.ts'
import type { PathRequest } from '../http/paths.ts'
import { noSuchResource } from '../http/refusals.ts'
import type { AccessAttributes } from '../http/request-context.ts'
import type { ServerContext } from '../http/server-context.ts'
import { explain } from './explain.ts'
import type { Explanation } from './finding.ts'
import type { Surroundings } from './surroundings.ts'

const PREFIX = '/why/'

export function isWhyPath(path: string): boolean {
  return path.startsWith(PREFIX)
}

/**
 * Whoever may get an object may ask why it is as it is; of the others that explain it, he is told as far as he may list them.
 * Answers JSON, or lines for `Accept: text/plain` and curl.
 */
export async function serveWhy(context: ServerContext, request: PathRequest): Promise<HttpAnswer> {
  const { kind, namespace, name } = targetOf(context, request.info.path)
  authorize(context.authorizer, request.user, { ...attributesOf(kind, namespace), verb: 'get', name })
  const object = context.registry.objects.get(kind, { namespace, name })
  if (object === undefined) throw notFound(qualifiedResource(kind), name)
  const explanation = explain(kind, object, await surroundingsFor(context, request, namespace))
  const about = { kind: kind.kind, namespace, name }
  if (!wantsJson(request.accept)) return textAnswer(200, explanationText(explanation))
  return jsonAnswer(200, {
    ...about,
    fine: explanation.findings.length === 0 ? explanation.fine : '',
    findings: explanation.findings,
  })
}

interface Target {
  readonly kind: KindInfo
  readonly namespace: string
  readonly name: string
}

/** The resource may carry its group, as kubectl writes it: `deployments.apps`. */
function targetOf(context: ServerContext, path: string): Target {
  const [word = '', ...rest] = path.slice(PREFIX.length).split('/').filter(Boolean)
  const kind = context.registry
    .all()
    .map(({ info }) => info)
    .find((info) => namesOf(info).includes(word.toLowerCase()))
  if (kind === undefined || rest.length === 0 || rest.length > 2) throw noSuchResource()
  const [first = '', second] = rest
  if (kind.namespaced)
    return second === undefined ? { kind, namespace: 'default', name: first } : { kind, namespace: first, name: second }
  return { kind, namespace: '', name: second ?? first }
}

function namesOf({ resource, singular, shortNames, group, kind }: KindInfo): readonly string[] {
  const names = [resource, singular, kind.toLowerCase(), ...shortNames]
  return group === '' ? names : [...names, ...names.map((name) => `${name}.${group}`)]
}

function attributesOf({ group, version, resource }: KindInfo, namespace: string): Omit<AccessAttributes, 'verb'> {
  return { isResource: true, path: '', group, version, resource, subresource: '', namespace, name: '' }
}

async function surroundingsFor(context: ServerContext, { user }: PathRequest, namespace: string): Promise<Surroundings> {
  const list = async <T>(info: KindInfo): Promise<readonly T[]> => {
    const where = info.namespaced ? namespace : ''
    const { allowed } = context.authorizer.authorize(user, { ...attributesOf(info, where), verb: 'list' })
    return allowed && context.registry.findKind(apiVersionOf(info), info.kind)
      ? context.registry.objects.list<T>(info, where)
      : []
  }
  const [pods, replicaSets, slices, events, nodes] = await Promise.all([
    list<Pod>(PODS),
    list<ReplicaSet>(REPLICA_SETS),
    list<EndpointSlice>(ENDPOINT_SLICES),
    list<Event>(EVENTS),
    list<Node>(NODES),
  ])
  return { now: context.clock(), pods, replicaSets, slices, events, nodes }
}

/** What a person reads: each cause on a line, its cure below it. */
export function explanationText({ findings, fine }: Explanation): string {
  if (findings.length === 0) return `${fine}\n`
  return findings.map(({ about, cause, cure }) => `${about}: ${cause}\n${cure === '' ? '' : `    ${cure}\n`}`).join('')
}

function wantsJson(accept: string | undefined): boolean {
  return parseMediaType((accept ?? '').split(',')[0] ?? '').type === 'application/json'
}
