import { connect } from 'node:net'
import {
  CONFIG_MAPS,
  type ConfigMap,
  type KubeObject,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import type { ServiceAddress } from '../../streaming/service-dialer.ts'
import { startTestApiServer, type TestApiServer } from '../../testing.ts'
import { fullAdmission } from './full-admission.ts'
import { startTestWebhook, type TestWebhook } from './test-webhook.ts'

/** A rule for writes of ConfigMaps. */
export const RULE = { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }

/** An API server with a webhook that it reaches by URL, and as the Service `default/hook`. */
export class ServerWithWebhook implements AsyncDisposable {
  readonly #api: TestApiServer
  readonly client: ApiClient
  readonly webhook: TestWebhook
  #registered = 0

  static async start(): Promise<ServerWithWebhook> {
    const webhook = await startTestWebhook()
    const dialService = async ({ namespace, name, port }: ServiceAddress) => {
      if (`${namespace}/${name}:${port}` !== 'default/hook:8443') throw new Error('no endpoints available')
      return connect(webhook.port, '127.0.0.1')
    }
    return new ServerWithWebhook(await startTestApiServer({ admission: fullAdmission({ dialService }) }), webhook)
  }

  private constructor(api: TestApiServer, webhook: TestWebhook) {
    this.#api = api
    this.client = api.client
    this.webhook = webhook
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api.close()
    await this.webhook[Symbol.asyncDispose]()
  }

  /** Has the webhook asked from now on, under a path of its own if it is named; gives the name of the configuration. */
  async register(kind: 'mutating' | 'validating', hook: object, named?: string): Promise<string> {
    this.#registered += 1
    const name = named ?? `w${this.#registered}`
    const { url, caBundle } = this.webhook
    const clientConfig = { url: named === undefined ? url : `${url}/${named}`, caBundle }
    const webhooks = [{ name: 'hook.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig, ...hook }]
    const info = kind === 'mutating' ? MUTATING_WEBHOOK_CONFIGURATIONS : VALIDATING_WEBHOOK_CONFIGURATIONS
    await this.client.create(info, { metadata: { name }, webhooks } as object)
    return name
  }

  async createConfigMap(
    name: string,
    { namespace = 'default', labels = {} }: { readonly namespace?: string; readonly labels?: object } = {},
  ): Promise<KubeObject & ConfigMap> {
    const draft = { metadata: { name, namespace, labels }, data: { k: 'v' } }
    return await this.client.create<ConfigMap>(CONFIG_MAPS, draft as object)
  }
}
