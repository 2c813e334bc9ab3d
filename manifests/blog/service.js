// What every service of the blog shares: a small HTTP server that speaks JSON, and a way to the event bus.
import { createServer } from 'node:http'

const EVENT_BUS = 'http://event-bus'
const DELIVERY_TRIES = 5

/** `routes` maps `METHOD /path/:param` to a function of {params, body} that returns the answer, or [status, answer]. */
export function serve(name, routes) {
  const known = {
    'GET /': () => ({ service: name, routes: Object.keys(routes) }),
    'GET /healthz': () => ({ ok: true }),
    ...routes,
  }
  const table = Object.entries(known).map(([route, answer]) => {
    const [method, path] = route.split(' ')
    const pattern = new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
    return { method, pattern, answer }
  })
  const server = createServer(async (request, response) => {
    try {
      const path = new URL(request.url, 'http://service').pathname
      const route = table.find(({ method, pattern }) => method === request.method && pattern.test(path))
      if (!route) return send(response, 404, { error: `${name} has no ${request.method} ${path}` })
      const body = await readJson(request)
      const answer = await route.answer({ params: route.pattern.exec(path).groups ?? {}, body })
      if (Array.isArray(answer) && typeof answer[0] === 'number') return send(response, ...answer)
      send(response, 200, answer)
    } catch (error) {
      send(response, error instanceof SyntaxError ? 400 : 502, { error: error.message })
    }
  })
  server.listen(80, () => console.log(`${name} listens on port 80`))
  process.on('SIGTERM', () => {
    console.log(`${name} stops`)
    server.close(() => process.exit(0))
  })
}

/** Tells the event bus what happened; tries again while it can't be reached. */
export async function emit(type, data) {
  await post(`${EVENT_BUS}/events`, { type, data })
}

/** Everything that has happened so far, oldest first: how a service that just started catches up. */
export async function pastEvents() {
  return retry(async () => (await fetch(`${EVENT_BUS}/events`, { signal: AbortSignal.timeout(2000) })).json())
}

export async function post(url, body) {
  return retry(async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(2000) })
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    return response.json()
  })
}

async function retry(attempt) {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === DELIVERY_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, 200 * tries))
    }
  }
}

function send(response, status, answer) {
  const isPage = typeof answer === 'string'
  response.writeHead(status, {
    'content-type': isPage ? 'text/html; charset=utf-8' : 'application/json',
    'access-control-allow-origin': '*',
  })
  response.end(isPage ? answer : `${JSON.stringify(answer)}\n`)
}

async function readJson(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? {} : JSON.parse(text)
}
