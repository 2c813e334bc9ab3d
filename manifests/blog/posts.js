// Takes new posts. It keeps nothing itself, so that any number of copies agree: what was posted stands in the event bus.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { emit, pastEvents, serve } from './service.js'

serve('posts', {
  'POST /posts': async ({ body }) => {
    const title = String(body.title ?? '').trim()
    if (title === '') return [400, { error: 'a post needs a title' }]
    const created = { id: randomUUID().slice(0, 8), title }
    await emit('PostCreated', created)
    return [201, { ...created, servedBy: hostname() }]
  },
  'GET /posts': async () => (await pastEvents()).filter((event) => event.type === 'PostCreated').map((event) => event.data),
  'POST /events': () => ({}),
})
