// Posts with their comments, ready to be shown. It keeps them in memory and catches up from the event bus when it starts.
import { pastEvents, serve } from './service.js'

const posts = new Map()

function take({ type, data }) {
  if (type === 'PostCreated' && !posts.has(data.id)) posts.set(data.id, { ...data, comments: [] })
  if (type !== 'CommentCreated' && type !== 'CommentUpdated') return
  const comments = posts.get(data.postId)?.comments
  const index = comments?.findIndex((comment) => comment.id === data.id) ?? -1
  if (index >= 0 && type === 'CommentUpdated') comments[index] = data
  if (index < 0) comments?.push(data)
}

for (const event of await pastEvents()) take(event)

serve('query', {
  'GET /posts': () => [...posts.values()],
  'POST /events': ({ body }) => {
    take(body)
    return {}
  },
})
