import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RuntimeInfo, StartError } from '../runtime/runtime.ts'
import { createPodCgroups } from './pod-cgroups.ts'

const LIMITS = { cpuShares: 256, cpuQuotaUs: 50_000, memoryBytes: 64 * 2 ** 20 }
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skiff-cgroups-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

/** On a host whose hierarchies are directories like any others. */
function podCgroups(info: Partial<RuntimeInfo>, parent: string | undefined = '/docker') {
  const controllers = info.cgroupVersion === 1 ? ['cpu', 'memory'] : ['']
  const mounts = controllers.map((controller) => ({ controller, mountPoint: join(root, controller), root: '/' }))
  for (const { mountPoint } of mounts) mkdirSync(join(mountPoint, parent), { recursive: true })
  // What an agent in a container sees.
  const own = mounts.map((mount) => ({ ...mount, mountPoint: join(mount.mountPoint, 'own') }))
  const views = () => [
    { mounts: own, enter: [] },
    { mounts, enter: ['nsenter', '-t', '1', '-m', '--'] },
  ]
  const commands: string[] = []
  const runtime = {
    info: async () => ({ cgroupVersion: 2, cgroupDriver: 'cgroupfs', rootless: false, ...info }) as RuntimeInfo,
    cgroupParent: async () => parent,
  }
  const run = async (command: string, args: readonly string[]) => {
    commands.push([command, ...args].join(' '))
    return ''
  }
  const cgroups = createPodCgroups({ runtime, clusterId: 'c-1', logger: SILENT, views, commands: { run } })
  return { cgroups, commands, read: (path: string) => readFileSync(join(root, path), 'utf8') }
}

test('v1: a pod’s group has its limits beside the engine’s own groups, and what is left of others goes', async () => {
  const { cgroups, read } = podCgroups({ cgroupVersion: 1 })
  expect(await cgroups.ensure('p-1', LIMITS)).toBe('/docker/skiff-c-1-podp-1')
  expect(read('cpu/docker/skiff-c-1-podp-1/cpu.cfs_quota_us')).toBe('50000')
  expect(read('memory/docker/skiff-c-1-podp-1/memory.limit_in_bytes')).toBe(String(LIMITS.memoryBytes))
  expect(await cgroups.limits('p-1', LIMITS)).toEqual(LIMITS)
  expect(await cgroups.limits('p-2', LIMITS)).toBeUndefined()

  await cgroups.update('p-1', { ...LIMITS, cpuQuotaUs: 0 })
  // It is there: what it was given stays.
  await cgroups.ensure('p-1', LIMITS)
  expect(await cgroups.limits('p-1', LIMITS)).toEqual({ ...LIMITS, cpuQuotaUs: 0 })
})

test('an agent removes the groups of pods that are gone, and nobody else’s', async () => {
  const { cgroups } = podCgroups({ cgroupVersion: 1 })
  const names = ['skiff-c-1-podgone', 'skiff-c-1-podhere', 'skiff-c-2-podother', 'podelse']
  for (const controller of ['cpu', 'memory']) {
    for (const name of names) mkdirSync(join(root, controller, 'docker', name), { recursive: true })
  }
  await cgroups.removeOthers((uid) => uid === 'here')
  for (const controller of ['cpu', 'memory']) {
    expect(readdirSync(join(root, controller, 'docker')).sort()).toEqual(names.slice(1).sort())
  }
  await cgroups.remove('here')
  await cgroups.remove('here')
  expect(readdirSync(join(root, 'cpu', 'docker'))).not.toContain('skiff-c-1-podhere')
})

test('v2: controllers are passed down to the group', async () => {
  const { cgroups, read } = podCgroups({})
  writeFileSync(join(root, 'cgroup.subtree_control'), 'cpuset cpu memory\n')
  writeFileSync(join(root, 'docker', 'cgroup.subtree_control'), 'memory\n')
  await cgroups.ensure('p-1', LIMITS)
  expect(read('cgroup.subtree_control')).toBe('cpuset cpu memory\n')
  expect(read('docker/cgroup.subtree_control')).toBe('+cpu')
  expect(read('docker/skiff-c-1-podp-1/memory.max')).toBe(String(LIMITS.memoryBytes))
  expect(read('docker/skiff-c-1-podp-1/cpu.max')).toBe('50000 100000')
})

test('systemd: the group is a slice, made and removed by systemctl in the host’s own files', async () => {
  const { cgroups, commands } = podCgroups({ cgroupDriver: 'systemd' }, 'system.slice')
  const slice = 'system-skiff_c_1_podp_1.slice'
  expect(await cgroups.ensure('p-1', LIMITS)).toBe(slice)
  mkdirSync(join(root, 'system.slice', slice), { recursive: true })
  expect(await cgroups.ensure('p-1', LIMITS)).toBe(slice)
  await cgroups.removeOthers(() => false)
  const onHost = 'nsenter -t 1 -m --'
  expect(commands).toEqual([
    `${onHost} systemctl set-property --runtime ${slice} CPUWeight=10 CPUQuota=50% MemoryMax=67108864 MemorySwapMax=0`,
    `${onHost} systemctl start ${slice}`,
    `${onHost} systemctl stop ${slice}`,
    `${onHost} rm -rf /run/systemd/system.control/${slice}.d`,
  ])
  expect(readdirSync(join(root, 'system.slice'))).toEqual([])
})

test('why there can be none is said', async () => {
  expect(await podCgroups({ cgroupVersion: 1 }).cgroups.obstacle()).toBeUndefined()
  expect(await podCgroups({ rootless: true }).cgroups.obstacle()).toBe('the engine runs without root')
  const { cgroups } = podCgroups({})
  expect(await cgroups.obstacle()).toMatch(/^the agent can't make control groups \(ENOENT: .*subtree_control/)
  await expect(cgroups.ensure('p-1', LIMITS)).rejects.toThrow(StartError)
  const elsewhere = podCgroups({ cgroupDriver: 'systemd' }, 'system.slice')
  rmSync(join(root, 'system.slice'), { recursive: true })
  expect(await elsewhere.cgroups.obstacle()).toBe(
    "the agent can't make control groups (system.slice, where the engine has those of its containers, can't be written to)",
  )
})
