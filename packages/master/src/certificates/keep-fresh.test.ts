import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepCertificatesFresh } from './keep-fresh.ts'
import { ensureMasterCertificates, type MasterCertificates } from './master-certificates.ts'

const DAY_MS = 24 * 3600_000
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-fresh-'))
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(directory, { recursive: true, force: true })
})

test('certificates are renewed while the master runs, long before they end, and once more only when they are due again', async () => {
  let now = new Date()
  const clock = () => now
  const ensure = () => ensureMasterCertificates({ directory, servingNames: ['localhost'], clock })
  const certificates = await ensure()
  const renewed: MasterCertificates[] = []
  const stopping = new AbortController()
  const tookOver = { next: Promise.withResolvers<void>() }
  keepCertificatesFresh({
    certificates,
    renew: ensure,
    onRenewed: async (fresh) => {
      renewed.push(fresh)
      tookOver.next.resolve()
    },
    clock,
    logger: pino({ level: 'silent' }),
    signal: stopping.signal,
  })

  vi.advanceTimersByTime(DAY_MS)
  expect(renewed).toEqual([])
  now = new Date(now.getTime() + 260 * DAY_MS)
  vi.advanceTimersByTime(DAY_MS / 2)
  await tookOver.next.promise

  expect(renewed[0]?.serving.certificatePem).not.toBe(certificates.serving.certificatePem)
  expect(renewed[0]?.agentClient.certificatePem).not.toBe(certificates.agentClient.certificatePem)
  vi.advanceTimersByTime(DAY_MS)
  expect(renewed).toHaveLength(1)
  stopping.abort()
})
