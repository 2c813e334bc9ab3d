// Reads every comment and approves it, or rejects it when it contains a word that nobody wants to read.
import { emit, serve } from './service.js'

serve('moderation', {
  'POST /events': async ({ body: { type, data } }) => {
    if (type === 'CommentCreated') {
      const status = data.content.toLowerCase().includes('orange') ? 'rejected' : 'approved'
      await emit('CommentModerated', { ...data, status })
    }
    return {}
  },
})
