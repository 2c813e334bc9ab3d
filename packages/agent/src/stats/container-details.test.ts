import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CgroupDirectory } from './cgroup.ts'
import { readContainerDetails } from './container-details.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-details-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    const path = join(directory, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
}

async function group(version: 1 | 2, name: string, files: Readonly<Record<string, string>>): Promise<CgroupDirectory> {
  const path = join(directory, name)
  await mkdir(path)
  await write(Object.fromEntries(Object.entries(files).map(([file, content]) => [join(name, file), content])))
  return { version, path }
}

/** Process 7 has a file and a socket open, 8 has ended. */
async function procWith(limits: string): Promise<string> {
  await write({ 'proc/7/limits': limits, 'proc/7/fd/.keep': '' })
  await rm(join(directory, 'proc/7/fd/.keep'))
  await symlink('/dev/null', join(directory, 'proc/7/fd/0'))
  await symlink('socket:[4711]', join(directory, 'proc/7/fd/3'))
  return join(directory, 'proc')
}

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             unlimited            unlimited            processes
Max open files            1024                 524288               files
`

test('under v2', async () => {
  const all = await group(2, 'all', {
    'memory.max': '8388608\n',
    'memory.swap.max': 'max\n',
    'memory.min': '4096\n',
    'memory.peak': '70000\n',
    'memory.events': 'low 0\nhigh 0\nmax 5\noom 1\n',
    'cgroup.procs': '7\n8\n',
    'pids.max': '100\n',
    // A device without figures stands in front of another one's line, as some kernels write it.
    'io.stat': '7:0 999:1 rbytes=512 wbytes=1024 rios=1 wios=2 dbytes=0 dios=0\n',
  })
  const cgroup = { cpu: all, cpuLimits: all, memory: all, pids: all, io: all }
  expect(readContainerDetails(cgroup, 7, await procWith(LIMITS))).toEqual({
    memory: { limitBytes: 8_388_608, swapLimitBytes: 0, reservedBytes: 4_096, mostUsedBytes: 70_000, limitHits: 5 },
    processes: 2,
    mostThreads: 100,
    files: { descriptors: 2, sockets: 1 },
    mostFiles: 1_024,
    devices: [
      {
        ...{ device: '999:1', major: 999, minor: 1 },
        bytes: new Map(Object.entries({ Read: 512, Write: 1_024 })),
        requests: new Map(Object.entries({ Read: 1, Write: 2 })),
      },
    ],
  })
})

test('under v1, where what has no limit has the largest number', async () => {
  const memory = await group(1, 'memory', {
    'memory.limit_in_bytes': '8388608\n',
    'memory.memsw.limit_in_bytes': '9223372036854771712\n',
    'memory.soft_limit_in_bytes': '9223372036854771712\n',
    'memory.max_usage_in_bytes': '70000\n',
    'memory.failcnt': '5\n',
  })
  const pids = await group(1, 'pids', { 'cgroup.procs': '7\n', 'pids.max': 'max\n' })
  const io = await group(1, 'blkio', {
    'blkio.throttle.io_service_bytes': '999:1 Read 1\nTotal 1\n',
    'blkio.throttle.io_service_bytes_recursive': '999:1 Read 512\n999:1 Write 0\n999:1 Total 512\nTotal 512\n',
    'blkio.throttle.io_serviced': '999:1 Read 3\nTotal 3\n',
  })
  const cgroup = { cpu: memory, cpuLimits: memory, memory, pids, io }
  expect(readContainerDetails(cgroup, 7, await procWith(LIMITS.replace('1024  ', 'unlimited')))).toEqual({
    memory: { limitBytes: 8_388_608, swapLimitBytes: 0, reservedBytes: 0, mostUsedBytes: 70_000, limitHits: 5 },
    processes: 1,
    mostThreads: 0,
    files: { descriptors: 2, sockets: 1 },
    mostFiles: -1,
    devices: [
      {
        ...{ device: '999:1', major: 999, minor: 1 },
        bytes: new Map(Object.entries({ Read: 512, Write: 0, Total: 512 })),
        requests: new Map([['Read', 3]]),
      },
    ],
  })
})

test('of what has ended, or where nothing counts devices, there is less', async () => {
  const gone = { version: 2, path: join(directory, 'gone') } as const
  const details = readContainerDetails({ cpu: gone, cpuLimits: gone, memory: gone, pids: gone }, 7, directory)
  expect(details).toMatchObject({ processes: 0, files: { descriptors: 0, sockets: 0 }, devices: [] })
  expect(details).not.toHaveProperty('mostFiles')
})
