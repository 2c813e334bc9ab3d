// The web page. The browser talks only to this service; it asks the others by their Service names.
import { readFileSync } from 'node:fs'
import { post, serve } from './service.js'

const page = readFileSync(new URL('client.html', import.meta.url), 'utf8')

serve('client', {
  'GET /': () => page,
  'GET /api/posts': async () => (await fetch('http://query/posts', { signal: AbortSignal.timeout(3000) })).json(),
  'POST /api/posts': async ({ body }) => [201, await post('http://posts/posts', body)],
  'POST /api/posts/:id/comments': async ({ params, body }) => [
    201,
    await post(`http://comments/posts/${params.id}/comments`, body),
  ],
})
