export { type WebhookAddress, type WebhookCall, WebhookClient } from './webhook-client.ts'
