import { pino } from 'pino'
import type { Admission } from '../../http/request-context.ts'
import type { Registry } from '../../registry/registry.ts'
import type { DialService } from '../../streaming/service-dialer.ts'
import { createAdmission } from '../index.ts'

interface FullAdmissionOptions {
  readonly dialService?: DialService
  readonly signal?: AbortSignal
}

/** The admission chain as a master runs it, for a server in which everybody may do everything. */
export function fullAdmission(options: FullAdmissionOptions = {}): (registry: Registry) => Admission {
  const allowed = { allowed: true, reason: '' }
  const { dialService = () => Promise.reject(new Error('nothing runs in this test')), signal = new AbortController().signal } =
    options
  const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }
  return (registry) =>
    createAdmission({
      registry,
      authorizer: {
        authorize: () => allowed,
        rulesOfUser: () => [all],
        rulesOfRole: () => [],
      },
      podSecurityDefault: 'privileged',
      dialService,
      clock: () => new Date(),
      random: Math.random,
      logger: pino({ level: 'silent' }),
      signal,
    })
}
