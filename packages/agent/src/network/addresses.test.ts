import { expect, test } from 'vitest'
import { AddressAllocator, cidrContains } from './addresses.ts'

test('the node has the first address of its range, pods the ones behind', () => {
  const addresses = new AddressAllocator('10.244.7.0/24')

  expect(addresses.nodeAddress).toBe('10.244.7.1')
  expect([addresses.allocate('a'), addresses.allocate('b')]).toEqual(['10.244.7.2', '10.244.7.3'])
})

test('a pod keeps its address', () => {
  const addresses = new AddressAllocator('10.244.7.0/24')

  expect(addresses.allocate('a')).toBe(addresses.allocate('a'))
  expect(addresses.addressOf('a')).toBe('10.244.7.2')
})

test('a released address is handed out again only after the others', () => {
  const addresses = new AddressAllocator('10.244.7.0/29')
  const first = addresses.allocate('a')
  addresses.release('a')

  const later = ['b', 'c', 'd', 'e'].map((pod) => addresses.allocate(pod))

  expect(later).toEqual(['10.244.7.3', '10.244.7.4', '10.244.7.5', '10.244.7.6'])
  expect(addresses.allocate('f')).toBe(first)
})

test('an adopted address is not given to another pod', () => {
  const addresses = new AddressAllocator('10.244.7.0/24')
  addresses.adopt('survivor', '10.244.7.2')

  expect(addresses.allocate('a')).toBe('10.244.7.3')
  expect(addresses.allocate('survivor')).toBe('10.244.7.2')
})

test('a full range says so, and neither the network nor the broadcast address is handed out', () => {
  const addresses = new AddressAllocator('10.244.7.0/30')
  expect(addresses.allocate('a')).toBe('10.244.7.2')

  expect(() => addresses.allocate('b')).toThrow('all 1 pod addresses of this node are in use')
})

test.for([
  ['10.244.0.0/16', '10.244.3.0/24', true],
  ['10.244.0.0/16', '10.245.0.1', false],
  ['10.244.3.0/24', '10.244.0.0/16', false],
  ['0.0.0.0/0', '203.0.113.9', true],
] as const)('%s holds %s: %s', ([outer, inner, expected]) => {
  expect(cidrContains(outer, inner)).toBe(expected)
})

test('a pod that was switched off with its machine gets the address that it had, unless that is not to be had any more', () => {
  const addresses = new AddressAllocator('10.244.7.0/24')
  addresses.adopt('running', '10.244.7.9')

  addresses.reserve('returning', '10.244.7.8')
  addresses.reserve('late', '10.244.7.9')
  addresses.reserve('of another range', '10.244.8.8')
  addresses.reserve('running', '10.244.7.20')

  expect(addresses.allocate('returning')).toBe('10.244.7.8')
  expect(addresses.allocate('late')).toBe('10.244.7.2')
  expect(addresses.allocate('of another range')).toBe('10.244.7.3')
  expect(addresses.allocate('running')).toBe('10.244.7.9')
})
