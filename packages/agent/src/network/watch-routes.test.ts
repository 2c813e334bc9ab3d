import { expect, it } from 'vitest'
import { routesMayBeLost } from './watch-routes.ts'

it.each([
  ['a route of ours that was deleted', 'Deleted 10.244.2.0/24 via 10.0.0.3 dev eth0 proto 145 '],
  ['a link that is up again', '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 '],
  ['another way out', 'default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.2 metric 1024 '],
])('routes may be lost after %s', (_what, line) => {
  expect(routesMayBeLost(line)).toBe(true)
})

it.each([
  ['a route of ours that was made', '10.244.2.0/24 via 10.0.0.3 dev eth0 proto 145 '],
  ['somebody else’s route', 'Deleted 192.0.2.0/24 via 10.0.0.3 dev eth0 '],
  ['a pod', '10.244.1.7 dev skf01234567 scope link src 10.244.1.1 '],
  ['an address of this host’s own', 'local 10.0.0.2 dev eth0 table local proto kernel scope host src 10.0.0.2 '],
])('no routes are lost after %s', (_what, line) => {
  expect(routesMayBeLost(line)).toBe(false)
})
