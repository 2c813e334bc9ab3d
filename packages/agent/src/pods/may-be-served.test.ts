import type { Pod, Service } from '@skiff/api'
import { expect, test } from 'vitest'
import { mayBeServed } from './may-be-served.ts'

const POD = { metadata: { namespace: 'shop', name: 'web-1', labels: { app: 'web', tier: 'front' } } } as unknown as Pod

function isServed(
  service: { namespace?: string; name?: string; selector?: Record<string, string> },
  wasRelabelled = false,
): boolean {
  const { namespace = 'shop', name = 'web', selector } = service
  return mayBeServed(POD, [{ metadata: { namespace, name }, spec: { selector } } as unknown as Service], { wasRelabelled })
}

test('a pod is served by the Services of its namespace that select it, and may be by one without a selector', () => {
  expect(isServed({ selector: { app: 'web' } })).toBe(true)
  expect(isServed({ selector: { app: 'web', tier: 'back' } })).toBe(false)
  expect(isServed({ namespace: 'other', selector: { app: 'web' } })).toBe(false)
  expect(isServed({})).toBe(true)
})

test('the API’s own Service serves no pod', () => {
  const pod = { metadata: { namespace: 'default', name: 'web-1' } } as unknown as Pod
  const api = { metadata: { namespace: 'default', name: 'kubernetes' }, spec: {} } as unknown as Service
  expect(mayBeServed(pod, [api], { wasRelabelled: false })).toBe(false)
})

test('a pod whose labels were others may still be served by the Service that selected those', () => {
  expect(isServed({ selector: { app: 'old' } }, true)).toBe(true)
})
