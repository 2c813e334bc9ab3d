/** Formats of strings that values are checked against (k8s.io/kube-openapi/pkg/validation/strfmt); others are only told. */

import { dnsLabelProblems, dnsSubdomainProblems } from '@skiff/api'
import ipaddr from 'ipaddr.js'

type Check = (text: string) => boolean

const UUID = (version: string) => new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?[0-9a-f]{12}$`, 'i')
const HOSTNAME =
  /^[\p{L}\p{S}0-9](?:[\p{L}\p{S}0-9-]{0,61}[\p{L}\p{S}0-9])?(?:\.[\p{L}\p{S}0-9](?:[\p{L}\p{S}0-9-]{0,61}[\p{L}\p{S}0-9])?)*\.?$/u

const FORMATS: Readonly<Record<string, Check>> = {
  bsonobjectid: matching(/^[0-9a-f]{24}$/i),
  uri: (text) => /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(text) || /^\/\S*$/.test(text),
  email: matching(/^[^\s@<>()[\],;:\\"]+@[^\s@<>()[\],;:\\"]+$/),
  hostname: (text) => text.length <= 255 && HOSTNAME.test(text),
  ipv4: (text) => ipaddr.IPv4.isValidFourPartDecimal(text),
  ipv6: (text) => text.includes(':') && ipaddr.IPv6.isValid(text),
  cidr: isCidr,
  mac: matching(
    /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2}\1[0-9a-f]{2}\1)?[0-9a-f]{2}$|^(?:[0-9a-f]{4}\.){2,3}[0-9a-f]{4}$/i,
  ),
  uuid: matching(UUID('[0-9a-f]{4}-?[0-9a-f]{4}')),
  uuid3: matching(UUID('3[0-9a-f]{3}-?[0-9a-f]{4}')),
  uuid4: matching(UUID('4[0-9a-f]{3}-?[89ab][0-9a-f]{3}')),
  uuid5: matching(UUID('5[0-9a-f]{3}-?[89ab][0-9a-f]{3}')),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matching(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matching(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matching(/^rgb\(\s*(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*(?:,\s*(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*){2}\)$/),
  byte: matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  password: () => true,
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)),
  duration: (text) => /^[+-]?(?:(?:\d+\.?\d*|\.\d+)\s*(?:ns|us|µs|ms|s|m|h|d|w))+$|^0$/.test(text),
  datetime: isDateTime,
  'date-time': isDateTime,
  'k8s-short-name': (text) => dnsLabelProblems(text).length === 0,
  'k8s-long-name': (text) => dnsSubdomainProblems(text).length === 0,
}

/** Whether strings are checked against it. */
export function isKnownFormat(format: string): boolean {
  return Object.hasOwn(FORMATS, format)
}

/** Nothing of these formats is longer; what is, is not worth a regular expression's time. */
const LENGTH_LIMIT = 1024
const UNLIMITED = new Set(['byte', 'password', 'uri'])

/** What makes no sense under a format that is known; every format that is not known is fine. */
export function fitsFormat(format: string, text: string): boolean {
  if (!isKnownFormat(format)) return true
  if (text.length > LENGTH_LIMIT && !UNLIMITED.has(format)) return false
  return FORMATS[format]?.(text) ?? true
}

function matching(form: RegExp): Check {
  return (text) => form.test(text)
}

function isDateTime(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})?$/.test(text) && !Number.isNaN(Date.parse(text))
  )
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/')
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return Number(bits) <= 32
  return address.includes(':') && ipaddr.IPv6.isValid(address) && Number(bits) <= 128
}

function digits(text: string): string {
  return text.replace(/[\s-]+/g, '')
}

function isIsbn10(text: string): boolean {
  const plain = digits(text)
  if (!/^\d{9}[\dX]$/.test(plain)) return false
  return [...plain].reduce((sum, char, index) => sum + (10 - index) * (char === 'X' ? 10 : Number(char)), 0) % 11 === 0
}

function isIsbn13(text: string): boolean {
  const plain = digits(text)
  if (!/^\d{13}$/.test(plain)) return false
  return [...plain].reduce((sum, char, index) => sum + Number(char) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

/** Luhn's sum. */
function isCreditCard(text: string): boolean {
  const plain = digits(text)
  if (!/^\d{12,19}$/.test(plain)) return false
  const sum = [...plain].reverse().reduce((total, char, index) => {
    const value = Number(char) * (index % 2 === 0 ? 1 : 2)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}
