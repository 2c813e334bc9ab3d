export { type WebhookAddress, WebhookClient } from './webhook-client.ts'
