import { type Master, type MasterOptions, startMaster } from '@skiff/master'
import { pino } from 'pino'

/** For benchmarks (RFC 2544): no host's routes and no other cluster on this machine use them. */
const RANGES = { serviceCidr: '198.18.0.0/16', podCidr: '198.19.0.0/16' }

/** A master in this process, reached on 127.0.0.1 and by its socket. It ends by `close`, or by the signal among the changes. */
export function startLocalMaster(dataDir: string, changes: Partial<MasterOptions> = {}): Promise<Master> {
  return startMaster({
    dataDir,
    bind: '127.0.0.1',
    advertiseAddress: '127.0.0.1',
    port: 0,
    ...RANGES,
    logger: pino({ level: process.env.SKIFF_TEST_LOG ?? 'silent' }),
    signal: new AbortController().signal,
    ...changes,
  })
}
