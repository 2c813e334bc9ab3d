import { expect, test } from 'vitest'
import { hostUsageOf, readHostUsage } from './host-usage.ts'
import { parseDefaultInterface, parseInterfaces } from './network-usage.ts'
import { readOwnUsage } from './own-usage.ts'

test('a host’s working set leaves out the file pages that weren’t used lately, and its idle time is no use', () => {
  const usage = hostUsageOf({
    stat: 'cpu  100 10 50 900 40 5 5 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n',
    memInfo: 'MemTotal: 1000 kB\nMemFree: 300 kB\nInactive(file): 200 kB\nAnonPages: 250 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n',
    vmStat: 'pgfault 12\npgmajfault 3\noom_kill 1\n',
    loadAverage: '0.5 0.4 0.3 2/345 9999\n',
    pidMax: '4194304\n',
    uptime: '12.5 20.0\n',
  })
  expect(usage).toMatchObject({
    cpu: { totalNs: 1.7e9, userNs: 1.1e9, systemNs: 6e8 },
    memory: { usageBytes: 700 * 1024, workingSetBytes: 500 * 1024, rssBytes: 250 * 1024, swapBytes: 30 * 1024, pageFaults: 12 },
    processes: 345,
    capacityBytes: 1000 * 1024,
    availableBytes: 500 * 1024,
    mostProcesses: 4_194_304,
    uptimeSeconds: 12.5,
  })
})

test('what this process uses is less than all, and more than nothing', () => {
  const { cpu, memory, uptimeSeconds } = readOwnUsage()
  expect(cpu.totalNs).toBe(cpu.userNs + cpu.systemNs)
  expect(memory.rssBytes).toBeGreaterThan(2 ** 20)
  expect(memory.rssBytes).toBeLessThan(readHostUsage().capacityBytes)
  for (const each of [cpu.totalNs, memory.pageFaults, uptimeSeconds]) expect(each).toBeGreaterThan(0)
})

test('interfaces are told without the loopback', () => {
  const dev = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0',
    '  eth0:1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0',
  ].join('\n')
  expect(parseInterfaces(dev)).toEqual([
    {
      name: 'eth0',
      ...{ rxBytes: 1000, rxPackets: 10, rxErrors: 1, rxDropped: 2 },
      ...{ txBytes: 2000, txPackets: 20, txErrors: 3, txDropped: 4 },
    },
  ])
})

test('the interface of the default route is a host’s own', () => {
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
  const local = 'eth1\t000A0A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0'
  const all = 'eth0\t00000000\t010A0A0A\t0003\t0\t0\t0\t00000000\t0\t0\t0'
  expect(parseDefaultInterface([head, local, all].join('\n'))).toBe('eth0')
  expect(parseDefaultInterface([head, local].join('\n'))).toBeUndefined()
})
