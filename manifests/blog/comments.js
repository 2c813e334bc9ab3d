// Takes comments. A comment is pending until moderation has seen it.
import { randomUUID } from 'node:crypto'
import { emit, pastEvents, serve } from './service.js'

serve('comments', {
  'POST /posts/:id/comments': async ({ params, body }) => {
    const content = String(body.content ?? '').trim()
    if (content === '') return [400, { error: 'a comment needs content' }]
    const created = { id: randomUUID().slice(0, 8), postId: params.id, content, status: 'pending' }
    await emit('CommentCreated', created)
    return [201, created]
  },
  'GET /posts/:id/comments': async ({ params }) => {
    const comments = new Map()
    for (const { type, data } of await pastEvents()) {
      if (data.postId === params.id && (type === 'CommentCreated' || type === 'CommentUpdated')) comments.set(data.id, data)
    }
    return [...comments.values()]
  },
  'POST /events': async ({ body: { type, data } }) => {
    if (type === 'CommentModerated') await emit('CommentUpdated', data)
    return {}
  },
})
