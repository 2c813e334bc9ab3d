import { badRequest, notFound } from '@skiff/api'
import type { AgentRequest } from './agent-server.ts'
import { logOptionsOf, sendLog } from './container-logs.ts'

/**
 * `GET /deletedLogs/<namespace>/<pod>`: what is kept of deleted pods of that name, as JSON; with `/<uid>/<container>` the log itself,
 * with the options of the API's `log` subresource.
 */
export async function serveDeletedLogs({ path, url, response, finder }: AgentRequest): Promise<void> {
  const [, namespace = '', name = '', uid, container = ''] = path
  const { deletedLogs } = finder.agent()
  const found = await deletedLogs.find(namespace, name)
  if (uid === undefined) {
    const items = found.map(({ deletedAt, ...rest }) => ({ ...rest, deletedAt: deletedAt.toISOString() }))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ items }))
    return
  }
  const pod = found.find((one) => one.uid === uid)
  if (pod === undefined) throw notFound('pods', name)
  const attempts = pod.containers.find((one) => one.name === container)?.attempts
  if (attempts === undefined) throw badRequest(`container ${container} is not valid for pod ${name}`)
  const attempt = attempts[url.searchParams.get('previous') === 'true' ? 1 : 0]
  if (attempt === undefined) throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`)
  const options = { ...logOptionsOf(url.searchParams), follow: false }
  await sendLog(response, deletedLogs.pathOf({ namespace, name, uid }, container, attempt), options)
}
