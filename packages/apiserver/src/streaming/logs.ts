import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { type FieldError, forbiddenField, invalid, invalidObject } from '@skiff/api'
import type { StreamRequest } from '../http/request-context.ts'
import { isTrue } from '../http/request-info.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import type { Agents } from './agent/agents.ts'
import { containerOf, podOf } from './pod-target.ts'

const OPTIONS = ['follow', 'previous', 'timestamps', 'sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes'] as const

/** `GET pods/<name>/log`: what a container said, from its node's agent, as plain text and as it comes. */
export async function serveLogs(
  { info, response }: StreamRequest & { readonly response: ServerResponse },
  { objects, agents, closing }: { readonly objects: ObjectReader; readonly agents: Agents; readonly closing: AbortSignal },
): Promise<void> {
  const pod = podOf(info, objects)
  const problems = optionProblems(info.query)
  if (problems.length > 0) throw invalidObject({ group: '', kind: 'PodLogOptions' }, info.name, problems)
  const container = containerOf(pod, info.query.get('container') ?? '')
  const { nodeName } = pod.spec
  // A pod that no node has yet has said nothing.
  if (nodeName === undefined || nodeName === '') return void response.writeHead(200, { 'content-type': 'text/plain' }).end()

  const clientLeft = new AbortController()
  response.once('close', () => clientLeft.abort())
  const path = `/containerLogs/${[info.namespace, info.name, container].map(encodeURIComponent).join('/')}?${logQuery(info.query)}`
  const answer = await agents.get(nodeName, path, AbortSignal.any([clientLeft.signal, closing]))
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' })
  // A follower may wait long for the first line; it must know at once that it was accepted.
  response.flushHeaders()
  await pipeline(answer, response).catch(() => response.destroy())
}

function logQuery(query: URLSearchParams): URLSearchParams {
  const passed = new URLSearchParams()
  for (const option of OPTIONS) {
    const value = query.get(option)
    if (value !== null && value !== '') passed.set(option, isFlag(option) ? String(isTrue(value)) : value)
  }
  return passed
}

function isFlag(option: string): boolean {
  return option === 'follow' || option === 'previous' || option === 'timestamps'
}

function optionProblems(query: URLSearchParams): FieldError[] {
  const problems: FieldError[] = []
  const number = (name: string, least: number, detail: string) => {
    const text = query.get(name)
    if (text === null || text === '') return
    const value = Number(text)
    if (!Number.isInteger(value) || value < least) problems.push(invalid(name, Number.isFinite(value) ? value : text, detail))
  }
  number('tailLines', 0, 'must be greater than or equal to 0')
  number('limitBytes', 1, 'must be greater than 0')
  number('sinceSeconds', 1, 'must be greater than 0')
  if (query.has('sinceSeconds') && query.has('sinceTime')) {
    problems.push(forbiddenField('sinceSeconds', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  }
  const sinceTime = query.get('sinceTime')
  if (sinceTime !== null && Number.isNaN(Date.parse(sinceTime)))
    problems.push(invalid('sinceTime', sinceTime, 'must be a time in RFC 3339'))
  return problems
}
