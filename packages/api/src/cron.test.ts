import { describe, expect, it } from 'vitest'
import { CronError, parseCronSchedule } from './index.ts'

function fieldsOf(text: string) {
  const schedule = parseCronSchedule(text)
  if (schedule.type !== 'fields') throw new Error(`${text} has no fields`)
  const { minutes, hours, days, months, weekdays } = schedule.fields
  return [minutes, hours, days, months, weekdays].map((values) => [...values].join())
}

describe('schedules', () => {
  it('list, range and step', () => {
    expect(fieldsOf('0,30 8-10 */15 jan-mar MON')).toEqual(['0,30', '8,9,10', '1,16,31', '1,2,3', '1'])
    expect(fieldsOf('50/5 0 ? 12 0-6/3')[0]).toBe('50,55')
  })

  it('may be descriptors', () => {
    expect(fieldsOf('@weekly')).toEqual(fieldsOf('0 0 * * 0'))
    expect(parseCronSchedule('@every 1h30m')).toEqual({ type: 'every', ms: 5_400_000 })
  })

  it('tell whether days or weekdays are stars', () => {
    expect(parseCronSchedule('0 0 1 * *')).toMatchObject({ fields: { anyDay: false, anyWeekday: true } })
  })

  it.each([
    ['', 'empty spec string'],
    ['x', 'expected exactly 5 fields, found 1: [x]'],
    ['* * * * * *', 'expected exactly 5 fields, found 6: [* * * * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/2/3 * * * *', 'too many slashes: */2/3'],
    ['@often', 'unrecognized descriptor: @often'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
  ])('%j is refused', (text, message) => {
    expect(() => parseCronSchedule(text)).toThrow(new CronError(message))
  })
})
