/** What a control group has read from block devices and written to them. */

import { readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ifThere } from '../if-there.ts'
import { type CgroupDirectory, text } from './cgroup.ts'

export interface DeviceIo {
  /** As `/dev/sda`; its numbers where this host shows no such device: two without a name aren't one. */
  readonly device: string
  readonly major: number
  readonly minor: number
  readonly bytes: Operations
  readonly requests: Operations
}

/** By kind: `Read` and `Write`; v1 has others too, and their `Total`. */
export type Operations = ReadonlyMap<string, number>

interface Count {
  /** `<major>:<minor>` */
  readonly id: string
  readonly operation: string
  readonly count: number
}

export function readDeviceIo({ version, path }: CgroupDirectory): readonly DeviceIo[] {
  const bytes = version === 1 ? readThrottle(path, 'io_service_bytes') : readIoStat(path, { rbytes: 'Read', wbytes: 'Write' })
  const requests = version === 1 ? readThrottle(path, 'io_serviced') : readIoStat(path, { rios: 'Read', wios: 'Write' })
  const ids = new Set([...bytes, ...requests].map(({ id }) => id))
  return [...ids].map((id) => {
    const [major = 0, minor = 0] = id.split(':').map(Number)
    return { device: deviceName(id), major, minor, bytes: operationsOf(id, bytes), requests: operationsOf(id, requests) }
  })
}

/** v1's counts of all requests, whatever schedules them; old kernels have no file with those of the groups below. */
function readThrottle(path: string, figure: string): readonly Count[] {
  const file = join(path, `blkio.throttle.${figure}`)
  const content = text(`${file}_recursive`) || text(file)
  return [...content.matchAll(/^(\d+:\d+) (\w+) (\d+)$/gm)].map(([, id = '', operation = '', count]) => ({
    id,
    operation,
    count: Number(count),
  }))
}

/** Some kernels put devices without figures in front of another one's line: a device is what stands right before its figures. */
function readIoStat(path: string, operations: Readonly<Record<string, string>>): readonly Count[] {
  return [...text(join(path, 'io.stat')).matchAll(/(\d+:\d+)((?: [\w.]+=\d+)+)/g)].flatMap(([, id = '', figures = '']) =>
    [...figures.matchAll(/([\w.]+)=(\d+)/g)].flatMap(([, key = '', count]) => {
      const operation = operations[key]
      return operation === undefined ? [] : [{ id, operation, count: Number(count) }]
    }),
  )
}

function operationsOf(id: string, counts: readonly Count[]): Operations {
  return new Map(counts.filter((each) => each.id === id).map(({ operation, count }) => [operation, count]))
}

/** Of the link to where the kernel lists the device; it writes `!` for a `/` in names. */
function deviceName(id: string): string {
  const link = ifThere(() => readlinkSync(`/sys/dev/block/${id}`))
  return link === undefined ? id : `/dev/${basename(link).replaceAll('!', '/')}`
}
