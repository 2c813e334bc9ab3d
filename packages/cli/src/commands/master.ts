import { startMaster } from '@skiff/master'
import { collectAfterStart } from '../collect-after-start.ts'
import { componentLogger } from '../component-logger.ts'
import { masterDirectory } from '../home.ts'
import { untilSignal } from '../until-signal.ts'

interface MasterCommandOptions {
  readonly home: string
  readonly dataDir?: string
  readonly bind: string
  readonly advertiseAddress?: string
  readonly port: number
  readonly store: string
  readonly serviceCidr: string
  readonly podCidr: string
  readonly defaultTolerationSeconds: number
  readonly podSecurityDefault: 'warn' | 'baseline' | 'privileged'
  readonly insecureHttp?: number
}

/** A master in the foreground, until SIGTERM. */
export async function master({ home, dataDir = masterDirectory(home), store, ...options }: MasterCommandOptions): Promise<void> {
  if (store !== 'sqlite') throw new Error(`--store ${store} is not known: sqlite is`)
  const { signal } = untilSignal()
  const running = await startMaster({ ...options, store, dataDir, logger: componentLogger('master'), signal })
  void collectAfterStart(signal)
  await running.stopped
}
