import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

export function ipProblems(value: string): string[] {
  return isIP(value) !== 0 ? [] : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
}

export function cidrProblems(value: string): string[] {
  return ipaddr.isValidCIDR(value) ? [] : ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']
}

/** Addresses that cannot be another machine's: they mean the machine that uses them. */
export function specialAddressProblems(ip: string): string[] {
  if (!ipaddr.isValid(ip)) return []
  const range = ipaddr.parse(ip).range()
  const v4 = isIPv4(ip)
  switch (range) {
    case 'unspecified':
      return [`may not be unspecified (${v4 ? '0.0.0.0' : '::'})`]
    case 'loopback':
      return [v4 ? 'may not be in the loopback range (127.0.0.0/8)' : 'may not be in the loopback range (127.0.0.0/8, ::1/128)']
    case 'linkLocal':
      return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)']
    case 'multicast':
      return ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)']
    default:
      return []
  }
}
