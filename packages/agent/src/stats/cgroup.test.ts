import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Cgroup, parseCgroupMounts, parseProcessCgroups, possibleGroups } from './cgroup.ts'
import { readCgroupUsage, readCpuNs } from './cgroup-usage.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skiff-cgroup-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function group(version: 1 | 2, name: string, files: Readonly<Record<string, string>>): Promise<Cgroup['cpu']> {
  const path = join(directory, name)
  await mkdir(path)
  for (const [file, content] of Object.entries(files)) await writeFile(join(path, file), content)
  return { version, path }
}

test('tells a process’s groups under v1, v2, and both at once', () => {
  expect([...parseProcessCgroups('4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/init.scope\n')]).toEqual([
    ['memory', '/docker/abc'],
    ['cpu', '/docker/abc'],
    ['cpuacct', '/docker/abc'],
    ['', '/init.scope'],
  ])
  expect([...parseProcessCgroups('0::/system.slice/docker-abc.scope\n')]).toEqual([['', '/system.slice/docker-abc.scope']])
})

test('from within a container, others are looked for where engines put them, below a pod’s own group too', () => {
  expect(possibleGroups('/docker/abc', 'abc')).toEqual(['/docker/abc', '/docker/abc', '/system.slice/docker-abc.scope'])
  expect(possibleGroups('/../skiff-1-podu/abc', 'abc')).toContain('/docker/skiff-1-podu/abc')
  const slice = '/../system-skiff.slice/docker-abc.scope'
  expect(possibleGroups(slice, 'abc')).toContain('/system.slice/system-skiff.slice/docker-abc.scope')
})

test('tells where hierarchies are mounted, and which group is at their top', () => {
  const mountInfo = [
    '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
    '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct',
    '42 31 0:39 /agent /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
  ].join('\n')
  const mounts = parseCgroupMounts(mountInfo)
  expect(mounts).toContainEqual({ controller: 'cpuacct', mountPoint: '/sys/fs/cgroup/cpu,cpuacct', root: '/' })
  expect(mounts).toContainEqual({ controller: '', mountPoint: '/sys/fs/cgroup/unified', root: '/agent' })
})

test('reads a group of v2: one directory has it all', async () => {
  const all = await group(2, 'all', {
    'cpu.stat': 'usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 10\nnr_throttled 4\nthrottled_usec 700\n',
    'memory.current': '1000000\n',
    'memory.stat': 'anon 400000\nfile 500000\nfile_mapped 30000\ninactive_file 300000\npgfault 77\npgmajfault 3\n',
    'memory.swap.current': '4096\n',
    'memory.events': 'low 0\noom 2\noom_kill 1\n',
    'pids.current': '7\n',
  })
  const cgroup = { cpu: all, cpuLimits: all, memory: all, pids: all }
  expect(readCgroupUsage(cgroup)).toEqual({
    cpu: { totalNs: 2.5e9, userNs: 2e9, systemNs: 5e8, periods: 10, throttledPeriods: 4, throttledNs: 700_000 },
    memory: {
      ...{ usageBytes: 1_000_000, workingSetBytes: 700_000, rssBytes: 400_000, cacheBytes: 500_000, mappedBytes: 30_000 },
      ...{ swapBytes: 4096, pageFaults: 77, majorPageFaults: 3, oomKills: 1 },
    },
    processes: 7,
  })
  expect(readCpuNs(cgroup)).toBe(2.5e9)
})

test('reads groups of v1: a directory for each controller, and the sums of what is below', async () => {
  const cgroup = {
    cpu: await group(1, 'cpuacct', { 'cpuacct.usage': '2500000000\n', 'cpuacct.stat': 'user 200\nsystem 50\n' }),
    cpuLimits: await group(1, 'cpu', { 'cpu.stat': 'nr_periods 10\nnr_throttled 4\nthrottled_time 700000\n' }),
    memory: await group(1, 'memory', {
      'memory.usage_in_bytes': '1000000\n',
      'memory.stat':
        'inactive_file 1\nrss 1\ntotal_rss 400000\ntotal_cache 500000\ntotal_inactive_file 300000\ntotal_pgfault 77\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
    }),
    pids: await group(1, 'pids', { 'pids.current': '7\n' }),
  }
  expect(readCgroupUsage(cgroup)).toMatchObject({
    cpu: { totalNs: 2.5e9, userNs: 2e9, systemNs: 5e8, throttledPeriods: 4, throttledNs: 700_000 },
    memory: { usageBytes: 1_000_000, workingSetBytes: 700_000, rssBytes: 400_000, pageFaults: 77, oomKills: 1 },
    processes: 7,
  })
})

test('a group that is gone has no time', async () => {
  const gone = { version: 2, path: join(directory, 'gone') } as const
  expect(readCpuNs({ cpu: gone, cpuLimits: gone, memory: gone, pids: gone })).toBeUndefined()
})
