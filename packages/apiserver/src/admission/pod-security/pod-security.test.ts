import type { PodSpec } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { baselineViolations } from './baseline.ts'
import { violationsToString } from './pod-to-check.ts'
import { restrictedViolations } from './restricted.ts'

const PLAIN: PodSpec = { containers: [{ name: 'a', image: 'x' }] }

const baseline = (spec: Partial<PodSpec>) =>
  violationsToString(baselineViolations({ annotations: {}, spec: { ...PLAIN, ...spec } }))
const withContext = (securityContext: object) => ({ containers: [{ name: 'a', image: 'x', securityContext }] })

describe('the baseline profile', () => {
  test('lets an ordinary pod pass', () => {
    expect(baseline({})).toBe('')
    expect(
      baseline({ volumes: [{ name: 'v', emptyDir: {} }], ...withContext({ capabilities: { add: ['NET_BIND_SERVICE'] } }) }),
    ).toBe('')
    expect(baseline(withContext({ seccompProfile: { type: 'RuntimeDefault' } }))).toBe('')
  })

  test.each<[string, Partial<PodSpec>]>([
    ['host namespaces (hostNetwork=true, hostPID=true)', { hostNetwork: true, hostPID: true }],
    ['privileged (container "a" must not set securityContext.privileged=true)', withContext({ privileged: true })],
    [
      'non-default capabilities (container "a" must not include "NET_ADMIN", "SYS_TIME" in securityContext.capabilities.add)',
      withContext({ capabilities: { add: ['SYS_TIME', 'NET_ADMIN'] } }),
    ],
    [
      'hostPath volumes (volumes "d", "e")',
      {
        volumes: [
          { name: 'd', hostPath: { path: '/' } },
          { name: 'e', hostPath: { path: '/' } },
        ],
      },
    ],
    [
      'hostPort (container "a" uses hostPort 80)',
      { containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 1, hostPort: 80 }] }] },
    ],
    [
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    ],
    ['forbidden sysctls (kernel.msgmax)', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }],
    ['procMount (container "a" must not set securityContext.procMount to "Unmasked")', withContext({ procMount: 'Unmasked' })],
  ])('says %s', (expected, spec) => {
    expect(baseline(spec)).toBe(expected)
  })

  test('looks at init and ephemeral containers too', () => {
    const privileged = { image: 'x', securityContext: { privileged: true } }
    const spec = { initContainers: [{ name: 'i', ...privileged }], ephemeralContainers: [{ name: 'e', ...privileged }] }

    expect(baseline(spec)).toBe('privileged (containers "i", "e" must not set securityContext.privileged=true)')
  })
})

describe('the restricted profile', () => {
  test('asks for everything to be given up', () => {
    expect(violationsToString(restrictedViolations({ annotations: {}, spec: PLAIN }))).toBe(
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    )
  })

  test('is content then', () => {
    const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
    const spec = {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' as const } },
      containers: [{ name: 'a', image: 'x', securityContext }],
    }

    expect(restrictedViolations({ annotations: {}, spec })).toEqual([])
  })
})
