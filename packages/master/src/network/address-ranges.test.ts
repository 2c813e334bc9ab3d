import { describe, expect, test } from 'vitest'
import { addressInRange, addressRangeProblems, rangesOverlap } from './address-ranges.ts'
import { checkRanges } from './check-ranges.ts'

const RANGES = [
  { option: '--service-cidr', what: 'service', cidr: '10.96.0.0/16' },
  { option: '--pod-cidr', what: 'pod', cidr: '10.244.0.0/16' },
]
const WANTED = { serviceCidr: '10.96.0.0/16', podCidr: '10.244.0.0/16' }

describe('address ranges', () => {
  test('that nothing on the host uses are fine', () => {
    const routes = [
      { dst: 'default', dev: 'eth0' },
      { dst: '192.168.1.0/24', dev: 'eth0' },
      { dst: '172.17.0.0/16', dev: 'docker0' },
    ]

    expect(addressRangeProblems(RANGES, routes)).toEqual([])
  })

  test('that a route lies in collide with it, and a free one is proposed', () => {
    expect(addressRangeProblems(RANGES, [{ dst: '10.244.3.0/24', dev: 'flannel.1' }])).toEqual([
      "the pod range 10.244.0.0/16 collides with this host's route to 10.244.3.0/24 (flannel.1): use --pod-cidr 10.97.0.0/16",
    ])
  })

  test('inside a wider route collide, and the proposal is outside of it', () => {
    const problems = addressRangeProblems(RANGES, [{ dst: '10.0.0.0/8', dev: 'tun0' }])

    expect(problems).toHaveLength(2)
    expect(problems[0]).toContain('use --service-cidr 172.20.0.0/16')
  })

  test('collide with a single address too', () => {
    expect(addressRangeProblems(RANGES, [{ dst: '10.96.0.1', dev: 'lo' }])[0]).toContain('10.96.0.0/16 collides')
  })

  test('must not overlap each other', () => {
    const [service] = RANGES
    const overlapping = [service, { option: '--pod-cidr', what: 'pod', cidr: '10.96.128.0/17' }].filter(
      (range) => range !== undefined,
    )

    expect(addressRangeProblems(overlapping, [])[0]).toContain('collides with the service range 10.96.0.0/16')
  })

  test.each(['10.96.0.0', 'fd00::/64', '10.96.0.0/30', '10.96.0.5/16', 'x'])(
    'such as %s are refused with the option that sets them',
    (cidr) => {
      expect(addressRangeProblems([{ option: '--service-cidr', what: 'service', cidr }], [])[0]).toMatch(
        /^the service range .*--service-cidr/,
      )
    },
  )

  test('are counted from their first address', () => {
    expect(addressInRange('10.96.0.0/16', 1)).toBe('10.96.0.1')
    expect(addressInRange('192.168.255.0/24', 255)).toBe('192.168.255.255')
    expect(addressInRange('10.255.255.0/24', 256)).toBe('11.0.0.0')
  })

  test('overlap or not', () => {
    expect(rangesOverlap('10.0.0.0/8', '10.96.0.0/16')).toBe(true)
    expect(rangesOverlap('10.96.0.0/16', '10.97.0.0/16')).toBe(false)
  })
})

describe('a cluster that exists', () => {
  test('may use its own routes again', () => {
    expect(() => checkRanges(WANTED, WANTED, [{ dst: '10.244.1.0/24', dev: 'eth0' }])).not.toThrow()
  })

  test('keeps its ranges', () => {
    expect(() => checkRanges({ ...WANTED, podCidr: '10.1.0.0/16' }, WANTED, [])).toThrow(
      "this cluster was made with the pod range 10.244.0.0/16, which can't be changed: start with --pod-cidr 10.244.0.0/16",
    )
  })
})
