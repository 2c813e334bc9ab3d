import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ContainerState } from '../runtime/runtime.ts'
import type { CgroupDirectory } from './cgroup.ts'
import { type Pressures, parsePressure } from './pressure.ts'
import { ResourceUsage } from './resource-usage.ts'

const SOME = 'some avg10=83.83 avg60=86.78 avg300=77.89 total=964472633\n'
const FULL = 'full avg10=0.10 avg60=0.45 avg300=0.57 total=20849536\n'
const SOME_STALL = { avg10: 83.83, avg60: 86.78, avg300: 77.89, totalUs: 964_472_633 }
const NO_STALL = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 }

test('a kernel tells how long some tasks have waited, and how long all', () => {
  const full = { avg10: 0.1, avg60: 0.45, avg300: 0.57, totalUs: 20_849_536 }
  expect(parsePressure(`${SOME}${FULL}`)).toEqual({ some: SOME_STALL, full })
})

test('a kernel that doesn’t tell of all tasks waiting for processors means that they never did; one that is silent tells nothing', () => {
  expect(parsePressure(SOME)).toEqual({ some: SOME_STALL, full: NO_STALL })
  expect(parsePressure('')).toBeUndefined()
})

test('a container’s group tells under v2, not under v1; one that has ended is silent', async () => {
  const path = await mkdtemp(join(tmpdir(), 'skiff-pressure-'))
  for (const resource of ['cpu', 'memory']) await writeFile(join(path, `${resource}.pressure`), SOME)
  const told = { some: SOME_STALL, full: NO_STALL }
  expect(pressuresIn({ version: 2, path })).toEqual({ cpu: told, memory: told })
  expect(pressuresIn({ version: 1, path })).toEqual({})
  expect(pressuresIn(undefined)).toEqual({})
  await rm(path, { recursive: true })
})

function pressuresIn(all: CgroupDirectory | undefined): Pressures {
  const cgroup = all && { cpu: all, cpuLimits: all, memory: all, pids: all }
  const usage = new ResourceUsage({ pods: () => [], now: () => new Date(), findCgroup: () => cgroup })
  return usage.pressures({ id: 'c1', pid: 7 } as ContainerState)
}
