import { type FileHandle, readdir } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { ApiError, notFound } from '@skiff/api'
import { openExisting, SubPathError } from '../volumes/sub-path.ts'
import type { AgentRequest } from './agent-server.ts'

const LOG_DIRECTORY = '/var/log'

/**
 * `GET /logs/<path>`: the host's /var/log, folders as the list of links that a kubelet makes of them, files as they are. Links
 * are followed within it alone: who may write there, as a log collector does, shows nobody the rest of the host. A query
 * for the journal (`?query=`) is not answered otherwise, as with a kubelet that nobody has allowed it.
 */
export async function serveHostLogs({ path, response, finder }: AgentRequest): Promise<void> {
  if (!finder.agent().showsHostLogs) throw new ApiError('MethodNotAllowed', 'logs endpoint is disabled.')
  const [, ...parts] = path
  const below = parts.filter((part) => part !== '').join('/')
  await using found = await openLog(below)
  const facts = await found.stat()
  if (facts.isDirectory()) await sendFolder(response, found)
  else if (facts.isFile()) await sendFile(response, found, facts.size)
  else throw notFound('logs', below)
}

async function openLog(below: string): Promise<FileHandle> {
  if (below.includes('\0')) throw notFound('logs', below)
  const found = await openExisting(LOG_DIRECTORY, below).catch((error: unknown) => {
    if (error instanceof SubPathError) throw notFound('logs', below)
    throw error
  })
  if (found === undefined) throw notFound('logs', below)
  return found
}

async function sendFolder(response: ServerResponse, folder: FileHandle): Promise<void> {
  const entries = await readdir(`/proc/self/fd/${folder.fd}`, { withFileTypes: true })
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort()
  const links = names.map((name) => `<a href="${encodeURI(name)}">${escaped(name)}</a>\n`)
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  response.end(`<pre>\n${links.join('')}</pre>\n`)
}

/** As long as it is now: it may grow meanwhile. */
async function sendFile(response: ServerResponse, file: FileHandle, size: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': size })
  if (size === 0) return void response.end()
  await pipeline(file.createReadStream({ end: size - 1, autoClose: false }), response)
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? '&#34;')
}
