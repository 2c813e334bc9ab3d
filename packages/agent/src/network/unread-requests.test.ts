import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hasUnreadRequests } from './unread-requests.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-tcp-'))
  await mkdir(join(directory, '7/net'), { recursive: true })
})
afterEach(() => rm(directory, { recursive: true }))

const TITLE =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     '
/** As the kernel writes it. */
const row = (state: string, unread: string, sent = '00000000') =>
  `   0: 0100007F:1F90 00000000:0000 ${state} ${sent}:${unread} 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0                     `

async function unreadIn(files: Readonly<Record<string, readonly string[]>>): Promise<boolean> {
  for (const [name, rows] of Object.entries(files))
    await writeFile(join(directory, '7/net', name), [TITLE, ...rows, ''].join('\n'))
  return hasUnreadRequests(7, directory)
}

test.for<[what: string, unread: boolean, row: string]>([
  ['nobody waits at a listener', false, row('0A', '00000000')],
  ['somebody waits to be accepted', true, row('0A', '00000001')],
  ['a connection is being made', true, row('03', '00000000')],
  ['a request was not read', true, row('01', '0000004E')],
  ['a request was not read, and its sender has nothing more to say', true, row('08', '0000004F')],
  ['an answer is under way', false, row('01', '00000000', '00000400')],
  ['a connection is over', false, row('06', '00000000')],
])('%s', async ([, unread, line]) => {
  expect(await unreadIn({ tcp: [line] })).toBe(unread)
  expect(
    await unreadIn({ tcp: [row('0A', '00000000')], tcp6: [line.replace('0100007F', '00000000000000000000000001000000')] }),
  ).toBe(unread)
})

test('what listens is found before ten thousand connections that are over, and a pod that has ended reads nothing', async () => {
  const over = Array.from({ length: 10_000 }, () => row('06', '00000000'))
  expect(await unreadIn({ tcp: [row('0A', '00000003'), ...over] })).toBe(true)
  expect(hasUnreadRequests(8, directory)).toBe(false)
})
