/** Kubernetes' libraries of IP addresses and CIDRs. */

import type { Environment } from '@marcbachmann/cel-js'
import ipaddr from 'ipaddr.js'
import { failure } from './failure.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

class CelIp {
  readonly address: Address
  constructor(address: Address) {
    this.address = address
  }

  toString(): string {
    return canonical(this.address)
  }
}

class CelCidr {
  readonly address: Address
  readonly bits: number
  constructor(address: Address, bits: number) {
    this.address = address
    this.bits = bits
  }

  toString(): string {
    return `${canonical(this.address)}/${this.bits}`
  }
}

export function registerNetwork(environment: Environment): void {
  environment.registerType('net.IP', CelIp).registerType('net.CIDR', CelCidr)
  registerAddresses(environment)
  registerRanges(environment)
}

function registerAddresses(environment: Environment): void {
  class IpNamespace {}
  environment
    .registerType('IpNamespace', IpNamespace)
    .registerConstant('ip', 'IpNamespace', new IpNamespace())
    .registerFunction(
      'IpNamespace.isCanonical(string): bool',
      (_: unknown, text: string) => canonical(requireIp(text).address) === text,
    )
    .registerFunction('ip(string): net.IP', requireIp)
    .registerFunction('isIP(string): bool', (text: string) => parseIp(text) !== undefined)
    .registerFunction('string(net.IP): string', String)
    .registerFunction('net.IP.family(): int', ({ address }: CelIp) => (address.kind() === 'ipv4' ? 4n : 6n))
    .registerOperator('net.IP == net.IP', (a: CelIp, b: CelIp) => String(a) === String(b))
  const tests: Readonly<Record<string, (address: Address) => boolean>> = {
    isUnspecified: (address) => address.range() === 'unspecified' && address.toByteArray().every((byte) => byte === 0),
    isLoopback: (address) => address.range() === 'loopback',
    isLinkLocalMulticast: (address) =>
      address.kind() === 'ipv4' ? /^224\.0\.0\./.test(address.toString()) : /^ff.2:/.test(address.toString()),
    isLinkLocalUnicast: (address) => address.range() === 'linkLocal',
    isGlobalUnicast: (address) => !['unspecified', 'loopback', 'multicast', 'linkLocal', 'broadcast'].includes(address.range()),
  }
  for (const [name, test] of Object.entries(tests)) {
    environment.registerFunction(`net.IP.${name}(): bool`, ({ address }: CelIp) => test(address))
  }
}

function registerRanges(environment: Environment): void {
  environment
    .registerFunction('cidr(string): net.CIDR', requireCidr)
    .registerFunction('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined)
    .registerFunction('string(net.CIDR): string', String)
    .registerFunction('net.CIDR.ip(): net.IP', ({ address }: CelCidr) => new CelIp(address))
    .registerFunction('net.CIDR.prefixLength(): int', ({ bits }: CelCidr) => BigInt(bits))
    .registerFunction('net.CIDR.masked(): net.CIDR', (cidr: CelCidr) => masked(cidr))
    .registerFunction('net.CIDR.containsIP(net.IP): bool', (cidr: CelCidr, ip: CelIp) => contains(cidr, ip.address))
    .registerFunction('net.CIDR.containsIP(string): bool', (cidr: CelCidr, text: string) =>
      contains(cidr, requireIp(text).address),
    )
    .registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', containsRange)
    .registerFunction('net.CIDR.containsCIDR(string): bool', (cidr: CelCidr, text: string) =>
      containsRange(cidr, requireCidr(text)),
    )
    .registerOperator('net.CIDR == net.CIDR', (a: CelCidr, b: CelCidr) => String(a) === String(b))
}

function parseIp(text: string): CelIp | undefined {
  if (text.includes('%') || !isStrict(text)) return undefined
  const address = ipaddr.parse(text)
  // An IPv4 address in IPv6's clothes is refused, as upstream does.
  if (address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()) return undefined
  return new CelIp(address)
}

/** Four decimal parts without leading zeros, or IPv6. */
function isStrict(text: string): boolean {
  if (text.includes(':')) return ipaddr.IPv6.isValid(text)
  return ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text)
}

function requireIp(text: string): CelIp {
  const ip = parseIp(text)
  if (ip === undefined) throw failure(`IP Address ${JSON.stringify(text)} parse error during conversion from string`)
  return ip
}

function parseCidr(text: string): CelCidr | undefined {
  const match = /^(.*)\/(0|[1-9]\d{0,2})$/.exec(text)
  const ip = parseIp(match?.[1] ?? '')
  const bits = Number(match?.[2])
  if (match === null || ip === undefined || bits > ip.address.toByteArray().length * 8) return undefined
  return new CelCidr(ip.address, bits)
}

function requireCidr(text: string): CelCidr {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw failure(`network address parse error during conversion from string: ${JSON.stringify(text)}`)
  return cidr
}

function contains({ address, bits }: CelCidr, ip: Address): boolean {
  return address.kind() === ip.kind() && maskedBytes(address, bits).equals(maskedBytes(ip, bits))
}

function containsRange(outer: CelCidr, inner: CelCidr): boolean {
  return inner.bits >= outer.bits && contains(outer, inner.address)
}

function masked({ address, bits }: CelCidr): CelCidr {
  return new CelCidr(ipaddr.fromByteArray([...maskedBytes(address, bits)]), bits)
}

function maskedBytes(address: Address, bits: number): Buffer {
  return Buffer.from(
    address.toByteArray().map((byte, index) => byte & (0xff << Math.max(0, 8 - Math.max(0, bits - index * 8))) & 0xff),
  )
}

function canonical(address: Address): string {
  return address.kind() === 'ipv6' ? (address as ipaddr.IPv6).toRFC5952String() : address.toString()
}
