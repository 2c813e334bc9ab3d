import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RULE, ServerWithWebhook } from '../testing/server-with-webhook.ts'
import { patched } from '../testing/test-webhook.ts'

let server: ServerWithWebhook

beforeEach(async () => {
  server = await ServerWithWebhook.start()
})

afterEach(() => server[Symbol.asyncDispose]())

describe('a webhook that can not be asked', () => {
  test.each([
    [
      'is silent',
      'nothing',
      /failed to call webhook: Post "https:\/\/127\.0\.0\.1:\d+\/\?timeout=1s": context deadline exceeded$/,
    ],
    ['talks nonsense', 'hello', /json parse error/],
    ['answers no review', '{}', /received invalid webhook response: webhook response was absent$/],
    [
      'answers somebody else',
      { uid: 'other' },
      /received invalid webhook response: expected response\.uid="[^"]+", got "other"$/,
    ],
    ['patches though it only judges', patched({ op: 'add' }), /validating webhook may not return response.patch$/],
  ])('because it %s, refuses', async (_name, say, message) => {
    await server.register('validating', { rules: [RULE], timeoutSeconds: 1 })
    server.webhook.answer(() => say)

    await expect(server.createConfigMap('a')).rejects.toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: expect.stringMatching(/^Internal error occurred: failed calling webhook "hook.example.com": /),
    })
    await expect(server.createConfigMap('a')).rejects.toMatchObject({ message: expect.stringMatching(message) })
  })

  test('because nobody vouches for it, refuses', async () => {
    await server.register('validating', { rules: [RULE], clientConfig: { url: server.webhook.url } })

    await expect(server.createConfigMap('a')).rejects.toMatchObject({
      message: expect.stringContaining('tls: failed to verify certificate: x509: certificate signed by unknown authority'),
    })
    expect(server.webhook.asked).toEqual([])
  })

  test.each([
    ['by its Service', 'hook', undefined],
    [
      'by a Service that nobody is behind',
      'gone',
      /Post "https:\/\/gone.default.svc:8443\/judge\?timeout=10s": no endpoints available$/,
    ],
  ])('or can: %s', async (_name, name, problem) => {
    const service = { namespace: 'default', name, port: 8443, path: '/judge' }
    await server.register('validating', { rules: [RULE], clientConfig: { service, caBundle: server.webhook.caBundle } })

    const created = server.createConfigMap('a')

    if (problem === undefined) await expect(created).resolves.toBeDefined()
    else await expect(created).rejects.toMatchObject({ message: expect.stringMatching(problem) })
    expect(server.webhook.asked.map(({ path }) => path)).toEqual(problem === undefined ? ['/judge?timeout=10s'] : [])
  })

  test('is left out when its failure policy says so', async () => {
    await server.register('validating', { rules: [RULE], failurePolicy: 'Ignore', clientConfig: { url: 'https://127.0.0.1:1' } })
    await server.register('mutating', { rules: [RULE], failurePolicy: 'Ignore', clientConfig: { url: 'https://127.0.0.1:1' } })

    await expect(server.createConfigMap('a')).resolves.toBeDefined()
  })
})
