import { expect, test } from 'vitest'
import type { HostPort } from '../runtime/runtime.ts'
import { hostPortElements, hostPortScript, parseElements, planHostPorts } from './host-port-rules.ts'

const http: HostPort = { hostIp: '', hostPort: 8080, protocol: 'TCP', containerPort: 80 }
const dns: HostPort = { hostIp: '192.0.2.1', hostPort: 53, protocol: 'UDP', containerPort: 5353 }

test('ports of every address and of one address go into a map each', () => {
  const plan = planHostPorts([], '10.1.1.2', hostPortElements('10.1.1.2', [http, dns]))

  expect(hostPortScript('t', plan)).toBe(
    [
      'add element ip t hostports { tcp . 8080 : 10.1.1.2 . 80 }',
      'add element ip t hostports_by_ip { 192.0.2.1 . udp . 53 : 10.1.1.2 . 5353 }',
      'add element ip t hairpins { 10.1.1.2 . 10.1.1.2 }',
      '',
    ].join('\n'),
  )
})

test('what is there already is neither added nor removed', () => {
  const present = hostPortElements('10.1.1.2', [http])

  expect(planHostPorts(present, '10.1.1.2', present)).toEqual({ remove: [], add: [] })
})

test('a dead pod’s element gives way to the pod that has the port or the address now', () => {
  const present = [...hostPortElements('10.1.1.9', [http]), ...hostPortElements('10.1.1.3', [dns])]

  const { remove } = planHostPorts(present, '10.1.1.3', hostPortElements('10.1.1.3', [http]))

  expect(remove.map(({ set, value }) => [set, value])).toEqual([
    ['hostports', '10.1.1.9 . 80'],
    ['hostports_by_ip', '10.1.1.3 . 5353'],
  ])
})

test('the kernel’s listing gives the elements that were put in', () => {
  const listing = {
    nftables: [
      { metainfo: {} },
      { map: { name: 'hostports', elem: [[{ concat: ['tcp', 8080] }, { concat: ['10.1.1.2', 80] }]] } },
      { map: { name: 'hostports_by_ip' } },
      { set: { name: 'hairpins', elem: [{ concat: ['10.1.1.2', '10.1.1.2'] }] } },
      { set: { name: 'nodes', elem: ['192.0.2.1'] } },
    ],
  }

  expect(parseElements(JSON.stringify(listing))).toEqual(hostPortElements('10.1.1.2', [http]))
})
