/** A DNS question to its packet, and the limits of UDP (pure but for the encoding). */
import dnsPacket from 'dns-packet'
import { resolveName, type ZoneData, type ZoneRecord } from './zone.ts'

/** Seconds a resolver may keep an answer: short, since endpoints come and go. */
const TTL_SECONDS = 5
const PLAIN_UDP_BYTES = 512
const MAX_UDP_BYTES = 1232

export type LocalAnswer = { readonly kind: 'answered'; readonly packet: Buffer } | { readonly kind: 'elsewhere' } | { readonly kind: 'ignored' }

/** Answers a query of our zone; says `elsewhere` for other names, `ignored` for what is no query at all. */
export function answerQuery(data: ZoneData, message: Buffer, transport: 'udp' | 'tcp'): LocalAnswer {
  const query = decode(message)
  if (!query || query.type !== 'query') return { kind: 'ignored' }
  const [question] = query.questions ?? []
  if (!question || query.questions?.length !== 1 || opcodeOf(query) !== 0) return { kind: 'answered', packet: encodeReply(query, { rcode: RCODE.formatError }) }
  const name = question.name.toLowerCase().replace(/\.$/, '')
  const result = resolveName(data, name, question.type)
  if (result.kind === 'elsewhere') return result
  const reply =
    result.kind === 'no-such-name'
      ? { rcode: RCODE.noSuchName, authorities: [startOfAuthority(data.domain)] }
      : {
          answers: result.records.map(toAnswer),
          additionals: result.additional.map(toAnswer),
          authorities: result.records.length === 0 ? [startOfAuthority(data.domain)] : [],
        }
  return { kind: 'answered', packet: fit(query, reply, transport) }
}

/** The reply to a query that upstream could not answer. */
export function serverFailure(message: Buffer): Buffer | undefined {
  const query = decode(message)
  return query && encodeReply(query, { rcode: RCODE.serverFailure })
}

const RCODE = { formatError: 1, serverFailure: 2, noSuchName: 3 } as const
const AUTHORITATIVE = dnsPacket.AUTHORITATIVE_ANSWER | dnsPacket.RECURSION_AVAILABLE

interface Reply {
  readonly rcode?: number
  readonly answers?: dnsPacket.Answer[]
  readonly additionals?: dnsPacket.Answer[]
  readonly authorities?: dnsPacket.Answer[]
  readonly truncated?: boolean
}

/** dns-packet throws on malformed input. */
function decode(message: Buffer): dnsPacket.DecodedPacket | undefined {
  try {
    return dnsPacket.decode(message)
  } catch {
    return undefined
  }
}

function opcodeOf(query: dnsPacket.DecodedPacket): number {
  return ((query.flags ?? 0) >> 11) & 0xf
}

/** Cut to what the asker can take over UDP: it comes again over TCP when the truncated bit is set. */
function fit(query: dnsPacket.DecodedPacket, reply: Reply, transport: 'udp' | 'tcp'): Buffer {
  const packet = encodeReply(query, reply)
  const limit = transport === 'tcp' ? 65_535 : udpLimitOf(query)
  if (packet.length <= limit) return packet
  const { additionals: _, ...essential } = reply
  const smaller = encodeReply(query, essential)
  if (smaller.length <= limit) return smaller
  return encodeReply(query, { truncated: true })
}

function udpLimitOf(query: dnsPacket.DecodedPacket): number {
  const option = query.additionals?.find((additional) => additional.type === 'OPT') as { udpPayloadSize?: number } | undefined
  return Math.min(MAX_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, option?.udpPayloadSize ?? PLAIN_UDP_BYTES))
}

function encodeReply(query: dnsPacket.DecodedPacket, reply: Reply): Buffer {
  const recursionDesired = (query.flags ?? 0) & dnsPacket.RECURSION_DESIRED
  const flags = AUTHORITATIVE | recursionDesired | (reply.truncated ? dnsPacket.TRUNCATED_RESPONSE : 0) | (reply.rcode ?? 0)
  return dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    flags,
    questions: query.questions ?? [],
    answers: reply.answers ?? [],
    authorities: reply.authorities ?? [],
    additionals: reply.additionals ?? [],
  })
}

function toAnswer(record: ZoneRecord): dnsPacket.Answer {
  const common = { name: record.name, ttl: TTL_SECONDS, class: 'IN' as const }
  switch (record.type) {
    case 'A':
      return { ...common, type: 'A', data: record.address }
    case 'CNAME':
      return { ...common, type: 'CNAME', data: record.target }
    case 'PTR':
      return { ...common, type: 'PTR', data: record.target }
    case 'TXT':
      return { ...common, type: 'TXT', data: record.text }
    case 'SRV':
      return { ...common, type: 'SRV', data: { target: record.target, port: record.port, priority: 0, weight: 100 } }
  }
}

function startOfAuthority(domain: string): dnsPacket.Answer {
  const data = { mname: `ns.dns.${domain}`, rname: `hostmaster.${domain}`, serial: 1, refresh: 7200, retry: 1800, expire: 86_400, minimum: TTL_SECONDS }
  return { name: domain, type: 'SOA', class: 'IN', ttl: TTL_SECONDS, data }
}
