/**
 * Schedules of CronJobs: five fields as cron has them, or a descriptor (`@daily`, `@every 1h`). Grammar and words of
 * errors as github.com/robfig/cron/v3, which upstream reads them with.
 */

/** Which minutes, hours, days, months and weekdays (0 is Sunday) a schedule is due at. */
export interface CronFields {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  /** Days and weekdays are alternatives unless one of them is a star. */
  readonly anyDay: boolean
  readonly anyWeekday: boolean
}

export type CronSchedule =
  | { readonly type: 'fields'; readonly fields: CronFields }
  | { readonly type: 'every'; readonly ms: number }

export class CronError extends Error {}

/** Throws CronError with upstream's words. */
export function parseCronSchedule(text: string): CronSchedule {
  if (text === '') throw new CronError('empty spec string')
  if (text.startsWith('@')) return parseDescriptor(text)
  const fields = text.split(/\s+/).filter((field) => field !== '')
  if (fields.length !== 5) {
    throw new CronError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)
  }
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields
  return {
    type: 'fields',
    fields: {
      minutes: parseField(minute, { min: 0, max: 59 }),
      hours: parseField(hour, { min: 0, max: 23 }),
      days: parseField(day, { min: 1, max: 31 }),
      months: parseField(month, { min: 1, max: 12, names: MONTHS }),
      weekdays: parseField(weekday, { min: 0, max: 6, names: WEEKDAYS }),
      anyDay: isStar(day),
      anyWeekday: isStar(weekday),
    },
  }
}

const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

function parseDescriptor(text: string): CronSchedule {
  const known = Object.hasOwn(DESCRIPTORS, text) ? DESCRIPTORS[text] : undefined
  if (known !== undefined) return parseCronSchedule(known)
  if (text.startsWith('@every ')) return { type: 'every', ms: parseEvery(text, text.slice('@every '.length)) }
  throw new CronError(`unrecognized descriptor: ${text}`)
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

/** Go's durations; less than a second is rounded up to one. */
function parseEvery(text: string, duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== duration) {
    throw new CronError(`failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`)
  }
  const ms = parts.reduce((sum, [, amount = '', unit = '']) => sum + Number(amount) * (UNITS_MS[unit] ?? 0), 0)
  return Math.max(1_000, Math.floor(ms / 1_000) * 1_000)
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

function isStar(field: string): boolean {
  return field.split(',').some((part) => /^[*?](\/1)?$/.test(part))
}

function parseField(text: string, bounds: Bounds): ReadonlySet<number> {
  const values = new Set<number>()
  for (const part of text.split(',').filter((each) => each !== '')) {
    const { start, end, step } = parseRange(part, bounds)
    for (let value = start; value <= end; value += step) values.add(value)
  }
  return values
}

function parseRange(text: string, bounds: Bounds): { start: number; end: number; step: number } {
  const [range = '', stepText, ...more] = text.split('/')
  const [low = '', high, ...rest] = range.split('-')
  let start = bounds.min
  let end = bounds.max
  if (low !== '*' && low !== '?') {
    if (rest.length > 0) throw new CronError(`too many hyphens: ${text}`)
    start = parseValue(low, bounds)
    // `N/step` means from N to the end.
    if (high !== undefined) end = parseValue(high, bounds)
    else if (stepText === undefined) end = start
  }
  if (more.length > 0) throw new CronError(`too many slashes: ${text}`)
  const step = stepText === undefined ? 1 : parseNumber(stepText)
  if (start < bounds.min) throw new CronError(`beginning of range (${start}) below minimum (${bounds.min}): ${text}`)
  if (end > bounds.max) throw new CronError(`end of range (${end}) above maximum (${bounds.max}): ${text}`)
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${text}`)
  if (step === 0) throw new CronError(`step of range should be a positive number: ${text}`)
  return { start, end, step }
}

function parseValue(text: string, { names }: Bounds): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  return text !== '' && named >= 0 ? named : parseNumber(text)
}

function parseNumber(text: string): number {
  if (!/^[+-]?\d{1,9}$/.test(text)) {
    throw new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  const value = Number(text)
  if (value < 0) throw new CronError(`negative number (${value}) not allowed: ${text}`)
  return value
}
