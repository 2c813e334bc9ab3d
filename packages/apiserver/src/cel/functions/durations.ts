import { Duration } from '@marcbachmann/cel-js/evaluator'

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const SECOND = 1_000_000_000n

/** `1h30m`, `-1.5s`, `0` as Go reads them; undefined for anything else. */
export function parseGoDuration(text: string): Duration | undefined {
  const match = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text)
  if (match === null) return /^[+-]?0$/.test(text) ? new Duration(0n) : undefined
  let nanos = 0n
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d*)\.?(\d*)(ns|us|µs|ms|s|m|h)/g)) {
    const size = UNIT_NANOS[unit] ?? 0n
    const parts = fraction.slice(0, 15)
    nanos += BigInt(whole || 0) * size + (BigInt(parts || 0) * size) / 10n ** BigInt(parts.length)
  }
  if (match[1] === '-') nanos = -nanos
  return new Duration(nanos / SECOND, Number(nanos % SECOND))
}
