// Keeps every event and hands it to all services, each by its Service's name: which pod answers is not its business.
import { post, serve } from './service.js'

const SUBSCRIBERS = ['posts', 'comments', 'query', 'moderation']
const events = []

serve('event-bus', {
  'GET /events': () => events,
  'POST /events': ({ body }) => {
    events.push(body)
    for (const subscriber of SUBSCRIBERS) {
      post(`http://${subscriber}/events`, body).catch((error) =>
        console.log(`${subscriber} missed ${body.type}: ${error.message}`),
      )
    }
    return [201, {}]
  },
})
