import type { Environment } from '@marcbachmann/cel-js'
import { ownFunction } from '../own-names.ts'

const DAY_MS = 86_400_000
const TIMESTAMP = 'google.protobuf.Timestamp'

/** Where the library's dates are a day or a time zone off. */
export function registerTimes(environment: Environment): void {
  environment
    .registerFunction(`${TIMESTAMP}.${ownFunction('getDayOfMonth')}(): int`, (time: Date) => BigInt(time.getUTCDate() - 1))
    .registerFunction(`${TIMESTAMP}.${ownFunction('getDayOfMonth')}(string): int`, (time: Date, zone: string) =>
      BigInt(inZone(time, zone).getUTCDate() - 1),
    )
    .registerFunction(`${TIMESTAMP}.${ownFunction('getDayOfYear')}(): int`, dayOfYear)
    .registerFunction(`${TIMESTAMP}.${ownFunction('getDayOfYear')}(string): int`, (time: Date, zone: string) =>
      dayOfYear(inZone(time, zone)),
    )
    .registerFunction(`string(${TIMESTAMP}): string`, (time: Date) => time.toISOString().replace(/\.000Z$/, 'Z'))
    .registerFunction('string(google.protobuf.Duration): string', (duration: unknown) => String(duration))
    .registerFunction(`int(${TIMESTAMP}): int`, (time: Date) => BigInt(Math.floor(time.getTime() / 1000)))
    .registerFunction(`timestamp(${TIMESTAMP}): ${TIMESTAMP}`, (time: Date) => time)
}

function dayOfYear(time: Date): bigint {
  return BigInt(Math.floor((time.getTime() - Date.UTC(time.getUTCFullYear(), 0, 1)) / DAY_MS))
}

/** The zone's wall clock as if it were UTC. */
function inZone(time: Date, timeZone: string): Date {
  return new Date(`${time.toLocaleString('sv-SE', { timeZone })}Z`)
}
