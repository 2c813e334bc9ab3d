import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { ifThere } from '../if-there.ts'

/** As the kernel numbers them (include/net/tcp_states.h). */
const [ESTABLISHED, SYN_RECV, CLOSE_WAIT, LISTEN] = ['01', '03', '08', '0A'] as const
/** Columns `st` and `tx_queue:rx_queue` of proc(5)'s /proc/net/tcp. */
const ROW = /^ *\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) [0-9A-F]{8}:([0-9A-F]{8}) /gm

/**
 * Whether clients of a pod have come, or have sent something, and its programs have not even taken it yet: they have had no
 * processor since.
 * @param pid of a process in the pod's network
 */
export function hasUnreadRequests(pid: number, procPath = '/proc'): boolean {
  const tables = ['tcp', 'tcp6'].map((name) => ifThere(() => readStart(join(procPath, `${pid}`, 'net', name))) ?? '')
  return tables.some((table) => [...table.matchAll(ROW)].some(([, state = '', unread]) => isUnread(state, Number(`0x${unread}`))))
}

/** @param unread bytes, or connections that nobody has accepted */
function isUnread(state: string, unread: number): boolean {
  if (state === SYN_RECV) return true
  return unread > 0 && (state === LISTEN || state === ESTABLISHED || state === CLOSE_WAIT)
}

/** Who listens stands first; after a lot of traffic some ten thousand connections that are over come behind. */
const MOST_BYTES = 64 * 1024

/** A read gives a page of such a file. */
function readStart(path: string): string {
  const file = openSync(path, 'r')
  try {
    const content = Buffer.alloc(MOST_BYTES)
    let size = 0
    for (let read = -1; read !== 0 && size < MOST_BYTES; size += read)
      read = readSync(file, content, size, MOST_BYTES - size, null)
    return content.toString('latin1', 0, size)
  } finally {
    closeSync(file)
  }
}
