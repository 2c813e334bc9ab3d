import pino, { type Logger } from 'pino'

/** The logger of a component that runs as a process: JSON lines on standard output. `SKIFF_LOG_LEVEL` sets how much. */
export function componentLogger(component: string): Logger {
  return pino(
    { level: process.env.SKIFF_LOG_LEVEL ?? 'info', base: { component }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 1, sync: true }),
  )
}
