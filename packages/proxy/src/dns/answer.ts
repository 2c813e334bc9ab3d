/** A DNS question to its packet, and the limits of UDP (pure but for the encoding). */
import dnsPacket from 'dns-packet'
import { resolveName, type ZoneData, type ZoneRecord } from './zone.ts'

/** Seconds a resolver may keep an answer: short, since endpoints come and go. */
const TTL_SECONDS = 5
const PLAIN_UDP_BYTES = 512
const MAX_UDP_BYTES = 1232
const MAX_TCP_BYTES = 65_535
const HEADER_BYTES = 12
const MAX_LABEL_BYTES = 63
const TYPE_AND_CLASS_BYTES = 4
const OPCODE_AND_RECURSION = 0x7900

export type LocalAnswer =
  | { readonly kind: 'answered'; readonly packet: Buffer }
  /** The name stands for `target`: whoever asks wants that one's addresses too, since stub resolvers don't ask again. */
  | { readonly kind: 'alias'; readonly question: Buffer; finish(reply: Buffer | undefined): Buffer }
  /** A name of somebody else's. */
  | { readonly kind: 'elsewhere' }
  /** Not a query: an answer to it could start an endless exchange. */
  | { readonly kind: 'ignored' }

export type Transport = 'udp' | 'tcp'

export function answerQuery(data: ZoneData, message: Buffer, transport: Transport): LocalAnswer {
  if (message.length < HEADER_BYTES || isResponse(message)) return { kind: 'ignored' }
  try {
    return answerDecoded(data, dnsPacket.decode(message), transport)
  } catch {
    // dns-packet throws on what it can't read, and on names that it read but can't write.
    return { kind: 'answered', packet: echo(message, RCODE.formatError) }
  }
}

/** The reply to a query that upstream could not answer; undefined for what is no query. */
export function serverFailure(message: Buffer): Buffer | undefined {
  return message.length < HEADER_BYTES || isResponse(message) ? undefined : echo(message, RCODE.serverFailure)
}

const RCODE = { formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4 } as const
const AUTHORITATIVE = dnsPacket.AUTHORITATIVE_ANSWER | dnsPacket.RECURSION_AVAILABLE

interface Reply {
  readonly rcode?: number
  readonly answers?: readonly dnsPacket.Answer[]
  readonly additionals?: readonly dnsPacket.Answer[]
  readonly authorities?: readonly dnsPacket.Answer[]
  readonly truncated?: boolean
}

function answerDecoded(data: ZoneData, query: dnsPacket.DecodedPacket, transport: Transport): LocalAnswer {
  const answered = (reply: Reply): LocalAnswer => ({ kind: 'answered', packet: fit(query, reply, transport) })
  const [question] = query.questions ?? []
  if (opcodeOf(query) !== 0) return answered({ rcode: RCODE.notImplemented })
  if (!question || query.questions?.length !== 1) return answered({ rcode: RCODE.formatError })
  // Not text: it would come out as other bytes, more of them.
  if (question.name.includes('\ufffd')) throw new Error('the name is not text')
  const result = resolveName(data, question.name.toLowerCase().replace(/\.$/, ''), question.type)
  const nothingThere = [startOfAuthority(data.domain)]
  switch (result.kind) {
    case 'elsewhere':
      return result
    case 'not-ready':
      return answered({ rcode: RCODE.serverFailure })
    case 'no-such-name':
      return answered({ rcode: RCODE.noSuchName, authorities: nothingThere })
    case 'alias': {
      const alias = toAnswer(result.record)
      if (question.type === 'CNAME') return answered({ answers: [alias] })
      const finish = (reply: Buffer | undefined) => fit(query, { answers: [alias, ...answersIn(reply)] }, transport)
      return { kind: 'alias', question: questionAbout(query, result.target, question.type), finish }
    }
    case 'records': {
      const answers = result.records.map(toAnswer)
      return answered({
        answers,
        additionals: result.additional.map(toAnswer),
        authorities: answers.length === 0 ? nothingThere : [],
      })
    }
  }
}

function isResponse(message: Buffer): boolean {
  return (message.readUInt16BE(2) & 0x8000) !== 0
}

function opcodeOf(query: dnsPacket.DecodedPacket): number {
  return ((query.flags ?? 0) >> 11) & 0xf
}

function questionAbout(query: dnsPacket.DecodedPacket, name: string, type: dnsPacket.RecordType): Buffer {
  return dnsPacket.encode({
    type: 'query',
    id: query.id ?? 0,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' }],
  })
}

function answersIn(reply: Buffer | undefined): readonly dnsPacket.Answer[] {
  if (!reply) return []
  try {
    return dnsPacket.decode(reply).answers ?? []
  } catch {
    return []
  }
}

/** The question as it came, byte by byte, for what can't be read or written; without it where not even that is possible. */
function echo(message: Buffer, rcode: number): Buffer {
  const end = endOfQuestion(message)
  const reply = Buffer.alloc(end ?? HEADER_BYTES)
  if (end !== undefined) message.copy(reply, HEADER_BYTES, HEADER_BYTES, end)
  message.copy(reply, 0, 0, 2)
  reply.writeUInt16BE(0x8000 | (message.readUInt16BE(2) & OPCODE_AND_RECURSION) | dnsPacket.RECURSION_AVAILABLE | rcode, 2)
  reply.writeUInt16BE(end === undefined ? 0 : 1, 4)
  return reply
}

function endOfQuestion(message: Buffer): number | undefined {
  let offset = HEADER_BYTES
  for (let length = message[offset]; length !== 0; length = message[offset]) {
    if (length === undefined || length > MAX_LABEL_BYTES) return undefined
    offset += length + 1
  }
  const end = offset + 1 + TYPE_AND_CLASS_BYTES
  return end <= message.length ? end : undefined
}

/**
 * Cut to what the asker can take: with the truncated bit it comes again over TCP. As many answers as fit are given all
 * the same, since some resolvers never use TCP (musl before 1.2.4).
 */
function fit(query: dnsPacket.DecodedPacket, reply: Reply, transport: Transport): Buffer {
  const limit = transport === 'tcp' ? MAX_TCP_BYTES : udpLimitOf(query)
  const whole = encodeReply(query, reply)
  if (whole.length <= limit) return whole
  const { additionals: _, ...essential } = reply
  const smaller = encodeReply(query, essential)
  if (smaller.length <= limit) return smaller
  const room = limit - encodeReply(query, { truncated: true }).length
  return encodeReply(query, { answers: answersWithin(reply.answers ?? [], room), truncated: true })
}

function answersWithin(answers: readonly dnsPacket.Answer[], bytes: number): readonly dnsPacket.Answer[] {
  let used = 0
  const fitting: dnsPacket.Answer[] = []
  for (const answer of answers) {
    used += encodedLength(answer)
    if (used > bytes) break
    fitting.push(answer)
  }
  return fitting
}

function encodedLength(answer: dnsPacket.Answer): number {
  return dnsPacket.encodingLength({ answers: [answer] }) - HEADER_BYTES
}

/** EDNS: who asks with it is answered with it (RFC 6891, 6.1.1). */
function edns(query: dnsPacket.DecodedPacket): dnsPacket.OptAnswer | undefined {
  return query.additionals?.find((additional) => additional.type === 'OPT')
}

function udpLimitOf(query: dnsPacket.DecodedPacket): number {
  return Math.min(MAX_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, edns(query)?.udpPayloadSize ?? PLAIN_UDP_BYTES))
}

function encodeReply(query: dnsPacket.DecodedPacket, reply: Reply): Buffer {
  const recursionDesired = (query.flags ?? 0) & dnsPacket.RECURSION_DESIRED
  const flags = AUTHORITATIVE | recursionDesired | (reply.truncated ? dnsPacket.TRUNCATED_RESPONSE : 0) | (reply.rcode ?? 0)
  const option: dnsPacket.OptAnswer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: MAX_UDP_BYTES,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  }
  return dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    flags,
    questions: query.questions ?? [],
    answers: [...(reply.answers ?? [])],
    authorities: [...(reply.authorities ?? [])],
    additionals: [...(reply.additionals ?? []), ...(edns(query) ? [option] : [])],
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
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: TTL_SECONDS,
  }
  return { name: domain, type: 'SOA', class: 'IN', ttl: TTL_SECONDS, data }
}
