import type { Container, Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import { containerSecurity, localSeccompProfile } from './security.ts'

const IMAGE = { user: '', env: [], entrypoint: [], command: [], workingDir: '', volumes: [] }
const METADATA = { name: 'web', namespace: 'blog', uid: 'u-1', resourceVersion: '1', creationTimestamp: '' }
const WHERE = '(pod: "web_blog(u-1)", container: c)'

function podWith(securityContext: object): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: METADATA, spec: { containers: [], securityContext } }
}

function securityOf(own: object = {}, shared: object = {}, user = '') {
  const container: Container = { name: 'c', securityContext: own }
  return containerSecurity({ pod: podWith(shared), container, image: { ...IMAGE, user }, localSeccomp: '{}' })
}

test('a container’s own context wins over its pod’s, and the image’s user stays where neither says one', () => {
  expect(securityOf({ runAsUser: 5 }, { runAsUser: 6, runAsGroup: 7, fsGroup: 8, supplementalGroups: [9] })).toMatchObject({
    user: '5:7',
    supplementalGroups: ['9', '8'],
  })
  expect(securityOf({}, {}, 'web')).not.toHaveProperty('user')
  expect(securityOf({ runAsGroup: 7 }, {}, 'web:staff').user).toBe('web:7')
})

test('a program may gain rights unless that is forbidden', () => {
  expect(securityOf({}).noNewPrivileges).toBe(false)
  expect(securityOf({ allowPrivilegeEscalation: false }).noNewPrivileges).toBe(true)
})

test('profiles are the engine’s own unless the pod names others', () => {
  const { seccomp, apparmor, seLinux } = securityOf({ seccompProfile: { type: 'RuntimeDefault' } })
  expect([seccomp, apparmor, seLinux]).toEqual([undefined, undefined, undefined])
  const unconfined = { seccompProfile: { type: 'Unconfined' }, appArmorProfile: { type: 'Unconfined' } }
  expect(securityOf({}, unconfined)).toMatchObject({ seccomp: 'unconfined', apparmor: 'unconfined' })
  const local: Container['securityContext'] = {
    seccompProfile: { type: 'Localhost', localhostProfile: 'a/b.json' },
    appArmorProfile: { type: 'Localhost', localhostProfile: 'web' },
    seLinuxOptions: { level: 's0:c1' },
  }
  expect(securityOf(local, unconfined)).toMatchObject({ seccomp: '{}', apparmor: 'web', seLinux: ['level:s0:c1'] })
  expect(localSeccompProfile(podWith({}), { name: 'c', securityContext: local })).toBe('a/b.json')
})

test.for([
  [{ runAsUser: 0 }, '', `container's runAsUser breaks non-root policy ${WHERE}`],
  [{}, '', `container has runAsNonRoot and image will run as root ${WHERE}`],
  [{}, '0:0', `container has runAsNonRoot and image will run as root ${WHERE}`],
  [{}, 'web', `container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root ${WHERE}`],
] as const)('runAsNonRoot is verified against %o and the image’s user %o', ([own, user, message]) => {
  expect(() => securityOf(own, { runAsNonRoot: true }, user)).toThrow(message)
})

test('runAsNonRoot is kept by a user of the pod or of the image', () => {
  expect(securityOf({ runAsUser: 7 }, { runAsNonRoot: true }, 'web').user).toBe('7')
  expect(() => securityOf({}, { runAsNonRoot: true }, '1000')).not.toThrow()
})
