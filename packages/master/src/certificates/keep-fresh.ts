import type { Logger } from 'pino'
import type { MasterCertificates } from './master-certificates.ts'
import { renewalTime } from './renewal.ts'

/** Also the longest that a timer of Node can reasonably wait; a clock that jumps is noticed by then. */
const CHECK_INTERVAL_MS = 12 * 3600_000

export interface KeepFreshOptions {
  readonly certificates: MasterCertificates
  /** Reads them again, renewing what is due. */
  readonly renew: () => Promise<MasterCertificates>
  readonly onRenewed: (certificates: MasterCertificates) => Promise<void>
  readonly clock: () => Date
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Renews the master's certificates while it runs, long before they end. */
export function keepCertificatesFresh({ certificates, renew, onRenewed, clock, logger, signal }: KeepFreshOptions): void {
  let current = certificates
  const check = async (): Promise<void> => {
    if (clock().getTime() < earliestRenewal(current)) return
    try {
      current = await renew()
      await onRenewed(current)
      logger.info('certificates renewed')
    } catch (error) {
      logger.error({ err: error }, 'certificates could not be renewed')
    }
  }
  const timer = setInterval(() => void check(), CHECK_INTERVAL_MS)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}

function earliestRenewal({ serving, admin, agentClient }: MasterCertificates): number {
  return Math.min(...[serving, admin, agentClient].map(({ certificatePem }) => renewalTime(certificatePem)))
}
