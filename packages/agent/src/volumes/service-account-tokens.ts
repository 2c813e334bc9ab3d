import { SERVICE_ACCOUNTS } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import type { LastAnswers } from '../objects/last-answers.ts'
import type { TokenRequest } from './payload.ts'

interface CachedToken {
  readonly token: string
  readonly renewAt: number
  readonly expiresAt: number
}

interface TokenAnswer {
  readonly status: { readonly token: string; readonly expirationTimestamp: string }
}

/** A token is renewed when this share of its life is over, as the kubelet does. */
const RENEW_AFTER_SHARE = 0.8
const LONGEST_USE_MS = 24 * 3_600_000
const RETRY_MS = 10_000

/**
 * Tokens of pods' service accounts, bound to the pod, kept until they are due for renewal. While the master is away the last one
 * does, be it expired: there is nobody who could refuse it.
 */
export class ServiceAccountTokens {
  readonly #client: ApiClient
  readonly #answers: LastAnswers
  readonly #now: () => Date
  /** By pod uid, then by what was asked for. */
  readonly #cache = new Map<string, Map<string, CachedToken>>()

  constructor(options: { readonly client: ApiClient; readonly answers: LastAnswers; readonly now: () => Date }) {
    this.#client = options.client
    this.#answers = options.answers
    this.#now = options.now
  }

  async token(request: TokenRequest): Promise<string> {
    const { uid } = request.pod.metadata
    const key = [uid, request.audience ?? '', request.expirationSeconds].join('\n')
    const ofPod = this.#cache.get(uid) ?? new Map<string, CachedToken>()
    const cached = ofPod.get(key)
    const now = this.#now().getTime()
    if (cached !== undefined && cached.renewAt > now) return cached.token
    try {
      const newest = await this.#answers.ask(uid, `token/${key}`, () => this.#request(request))
      // Nobody shall ask without pause.
      this.#cache.set(uid, ofPod.set(key, { ...newest, renewAt: Math.max(newest.renewAt, now + RETRY_MS) }))
      return newest.token
    } catch (error) {
      if (cached === undefined) throw error
      // It is good for a while yet: no reason to disturb the pod.
      ofPod.set(key, { ...cached, renewAt: now + RETRY_MS })
      if (cached.expiresAt <= now) throw error
      return cached.token
    }
  }

  /** When the first token of a pod has to be renewed. */
  renewAt(podUid: string): number | undefined {
    const tokens = [...(this.#cache.get(podUid)?.values() ?? [])]
    return tokens.length > 0 ? Math.min(...tokens.map(({ renewAt }) => renewAt)) : undefined
  }

  forget(podUid: string): void {
    this.#cache.delete(podUid)
  }

  async #request({ pod, audience, expirationSeconds }: TokenRequest): Promise<CachedToken> {
    const { name, namespace = '', uid } = pod.metadata
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: audience ? [audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    }
    const account = pod.spec.serviceAccountName || 'default'
    const { status } = await this.#client.create<TokenAnswer>(SERVICE_ACCOUNTS, body, {
      namespace,
      name: account,
      subresource: 'token',
    })
    const now = this.#now().getTime()
    const expiresAt = new Date(status.expirationTimestamp).getTime()
    return { token: status.token, expiresAt, renewAt: now + Math.min(LONGEST_USE_MS, (expiresAt - now) * RENEW_AFTER_SHARE) }
  }
}
