import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { FRAME_TYPE, FrameParser } from './frames.ts'
import { HeaderDecoder } from './header-block.ts'
import { SpdyConnection } from './spdy-connection.ts'
import type { SpdyStream } from './spdy-stream.ts'

/** What kubectl 1.36.3 sent after the upgrade of `echo hi | kubectl exec -i p -- cat`: four streams, "hi\n" and its end. */
const KUBECTL_EXEC = Buffer.from(
  'gAMAAQAAACkAAAABAAAAAAAAePnjxqfCYmBgYASns5Ki1MRcaFHCmgoKaAAAAAD//4ADAAEAAAAXAAAAAwAAAAAAAMIuVVySkpkHAAAA//+AAwABAAAAGQAAAAUAAAAAAADC' +
    'KsVWXJKSX1oCAAAA//+AAwABAAAAFQAAAAcAAAAAAADCKZdaVAQAAAD//wAAAAMAAAADaGkKAAAAAwEAAAA=',
  'base64',
)

describe('a SPDY connection', () => {
  test.each([1, 7, KUBECTL_EXEC.length])('understands kubectl, its bytes arriving %i at a time', async (size) => {
    const [client, server] = duplexPair()
    const streams: SpdyStream[] = []
    const stdin = Promise.withResolvers<string>()
    const running = new SpdyConnection(server, (stream) => {
      streams.push(stream)
      if (stream.headers.streamtype === 'stdin') stdin.resolve(text(stream))
    }).run()

    for (let offset = 0; offset < KUBECTL_EXEC.length; offset += size) client.write(KUBECTL_EXEC.subarray(offset, offset + size))

    expect(await stdin.promise).toBe('hi\n')
    client.end()
    client.resume()
    await running
    expect(streams.map(({ id, headers }) => [id, headers.streamtype])).toEqual([
      [1, 'error'],
      [3, 'stdin'],
      [5, 'stdout'],
      [7, 'stderr'],
    ])
  })

  test('answers each stream, and a ping with itself', async () => {
    const [client, server] = duplexPair()
    const running = new SpdyConnection(server, () => undefined).run()
    const ping = Buffer.from('8003000600000004000000ff', 'hex')
    client.write(KUBECTL_EXEC)
    client.end(ping)

    const parser = new FrameParser()
    const types: number[] = []
    for await (const chunk of client)
      for (const frame of parser.push(chunk as Buffer)) if (frame.kind === 'control') types.push(frame.type)
    await running

    expect(types.filter((type) => type === FRAME_TYPE.synReply)).toHaveLength(4)
    expect(types).toContain(FRAME_TYPE.ping)
  })

  test('ends every stream when the transport breaks', async () => {
    const [client, server] = duplexPair()
    const opened = Promise.withResolvers<SpdyStream>()
    const running = new SpdyConnection(server, (stream) => opened.resolve(stream)).run()
    client.write(KUBECTL_EXEC)
    const stream = await opened.promise

    client.destroy()
    server.destroy()
    await running

    expect(stream.destroyed).toBe(true)
  })
})

describe('a header block', () => {
  test('that is no zlib stream is an error, not a crash', async () => {
    const decoder = new HeaderDecoder()

    await expect(decoder.decode(Buffer.from('nonsense'))).rejects.toThrow('can not be read')
    decoder.close()
  })

  test('may not pollute prototypes', async () => {
    const decoder = new HeaderDecoder()
    const parser = new FrameParser()
    const [first] = parser.push(KUBECTL_EXEC)

    const headers = await decoder.decode(first?.kind === 'control' ? first.payload.subarray(10) : Buffer.alloc(0))

    expect(Object.getPrototypeOf(headers)).toBeNull()
    decoder.close()
  })
})

describe('a frame', () => {
  test('that claims to be huge is refused before it is buffered', () => {
    expect(() => new FrameParser().push(Buffer.from('0000000100ffffff', 'hex'))).toThrow('too long')
  })
})
