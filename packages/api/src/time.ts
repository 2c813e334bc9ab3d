/** Times as Kubernetes writes them. */

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** metav1.Time: UTC in whole seconds, `2026-01-02T03:04:05Z`. */
export function rfc3339(date: Date): string {
  const second = Math.floor(date.getTime() / SECOND_MS)
  if (second !== written.second) written = { second, text: `${date.toISOString().slice(0, 19)}Z` }
  return written.text
}

/**
 * Every write writes times, mostly the same second's: the last one is remembered, without which each costs ten times as much
 * (0.9 µs). Kept in the module, for it says nothing that doesn't follow from the date.
 */
let written = { second: Number.NaN, text: '' }

/** As JavaScript writes it, in milliseconds: `2026-01-02T03:04:05.678Z`. */
export function isoTime(date: Date): string {
  return `${rfc3339(date).slice(0, -1)}.${String(date.getUTCMilliseconds()).padStart(3, '0')}Z`
}

/** metav1.MicroTime: six digits of fraction, `2026-01-02T03:04:05.678000Z`. */
export function rfc3339Micro(date: Date): string {
  return `${isoTime(date).slice(0, -1)}000Z`
}

/** A span of milliseconds as kubectl shows ages: `45s`, `5m30s`, `3h10m`, `2d3h`, `400d`, `3y5d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND_MS)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(ms / MINUTE_MS)
  if (minutes < 10) return join(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(ms / HOUR_MS)
  if (hours < 8) return join(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 24 * 8) return join(days, 'd', hours % 24, 'h')
  if (days < 365 * 2) return `${days}d`
  const years = Math.trunc(days / 365)
  return days < 365 * 8 ? join(years, 'y', days % 365, 'd') : `${years}y`
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
}
