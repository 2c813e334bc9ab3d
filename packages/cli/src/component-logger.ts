import { copyFileSync, fstatSync, rmSync, statSync, truncateSync } from 'node:fs'
import { isoTime } from '@skiff/api'
import pino, { type DestinationStream, type Logger } from 'pino'

const STDOUT = 1
/** Of what can't be written now: the disk is full. */
const MAX_WAITING_BYTES = 1024 * 1024
const CHECK_BYTES = 64 * 1024
/** Of one turn of the event loop: a long one writes more than once. */
const TURN_BYTES = 64 * 1024
export const MAX_LOG_BYTES = 10 * 1024 * 1024
/** Tells a background process which file its standard output is, so that it keeps that small. */
export const LOG_FILE_VARIABLE = 'SKIFF_LOG_FILE'

/** The logger of a component that runs as a process: JSON lines on standard output. `SKIFF_LOG_LEVEL` sets how much. */
export function componentLogger(component: string): Logger {
  const output = pino.destination({ fd: STDOUT, sync: true, maxLength: MAX_WAITING_BYTES })
  // A disk without room for logs ends no component; what waits is written when there is room again.
  output.on('error', () => undefined)
  const file = process.env[LOG_FILE_VARIABLE]
  if (file !== undefined) keepSmall(output, file)
  return pino(
    { level: process.env.SKIFF_LOG_LEVEL ?? 'info', base: { component }, timestamp: () => `,"time":"${isoTime(new Date())}"` },
    oncePerTurn(output),
  )
}

/** All lines of one turn of the event loop in one write: a master that is busy writes many. What is left when the process ends is written then. */
function oncePerTurn(output: DestinationStream): DestinationStream {
  let lines = ''
  const flush = () => {
    const text = lines
    lines = ''
    if (text !== '') output.write(text)
  }
  process.on('exit', flush)
  return {
    write: (line) => {
      if (lines === '') setImmediate(flush)
      lines += line
      if (lines.length >= TURN_BYTES) flush()
    },
  }
}

/** The file and one older one. Others have it open too, for appending: it is emptied, not replaced. */
function keepSmall(output: ReturnType<typeof pino.destination>, file: string): void {
  let unchecked = CHECK_BYTES
  output.on('write', (bytes: number) => {
    unchecked += bytes
    if (unchecked < CHECK_BYTES) return
    unchecked = 0
    rotateIfLarge(file)
  })
}

function rotateIfLarge(file: string): void {
  const { size, ino } = fstatSync(STDOUT)
  if (size <= MAX_LOG_BYTES || statSync(file, { throwIfNoEntry: false })?.ino !== ino) return
  try {
    copyFileSync(file, `${file}.1`)
  } catch {
    rmSync(`${file}.1`, { force: true })
  }
  truncateSync(file)
}
