import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { badRequest } from '@skiff/api'
import { type LogOptions, readLogs } from '../logs/read-logs.ts'
import type { AgentRequest } from './agent-server.ts'

/** `GET /containerLogs/<namespace>/<pod>/<container>` with the options of the API's `log` subresource. */
export async function serveContainerLogs({ path, url, response, finder }: AgentRequest): Promise<void> {
  const [, namespace = '', podName = '', name = ''] = path
  const query = url.searchParams
  const container = await finder.logged(namespace, podName, name, query.get('previous') === 'true')
  const isWriting = () => finder.isRunning(container)
  await sendLog(response, container.logPath, { ...logOptionsOf(query), isWriting })
}

/** The log as it comes, until it ends or its reader goes. */
export async function sendLog(response: ServerResponse, logPath: string, options: LogOptions): Promise<void> {
  const stop = new AbortController()
  response.once('close', () => stop.abort())
  response.writeHead(200, { 'content-type': 'text/plain' })
  response.flushHeaders()
  try {
    for await (const chunk of readLogs(logPath, { ...options, signal: stop.signal })) {
      if (!response.write(chunk)) await once(response, 'drain', { signal: stop.signal }).catch(() => undefined)
    }
  } finally {
    response.end()
  }
}

export function logOptionsOf(query: URLSearchParams): LogOptions {
  const tailLines = numberOf(query, 'tailLines')
  const limitBytes = numberOf(query, 'limitBytes')
  const sinceTime = sinceOf(query)
  return {
    follow: query.get('follow') === 'true',
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  }
}

function sinceOf(query: URLSearchParams): Date | undefined {
  const seconds = numberOf(query, 'sinceSeconds')
  if (seconds !== undefined) return new Date(Date.now() - seconds * 1000)
  const text = query.get('sinceTime')
  if (text === null) return undefined
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw badRequest(`sinceTime ${JSON.stringify(text)} is not an RFC 3339 time`)
  return time
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0) throw badRequest(`${name} must be a whole number that is not negative`)
  return number
}
