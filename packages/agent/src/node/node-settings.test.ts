import { expect, test } from 'vitest'
import type { RuntimeInfo } from '../runtime/runtime.ts'
import { allocatableOf, capacityOf, type ResourcesInput } from './node-resources.ts'
import { nodeSettings } from './node-settings.ts'
import type { MachineFacts } from './node-status.ts'

const GI = 2 ** 30
const runtime: RuntimeInfo = {
  version: 'docker://29.0.0',
  operatingSystem: 'Debian',
  kernelVersion: '6.1',
  architecture: 'amd64',
  cpus: 4,
  memoryBytes: 8 * GI,
  cgroupVersion: 2,
  cgroupDriver: 'systemd',
  dataRoot: '/var/lib/docker',
  liveRestore: true,
  appArmor: false,
  recursiveReadOnly: true,
  nvidia: true,
  rootless: false,
}
const machine: MachineFacts = {
  machineId: '',
  systemUuid: '',
  bootId: '',
  hostname: 'h',
  diskBytes: 100 * GI,
  gpus: ['GPU-1', 'GPU-2'],
}
const resourcesWith = (settings: object, shown?: ResourcesInput['shown']): ResourcesInput => ({
  runtime,
  machine,
  maxPods: 110,
  settings: nodeSettings(settings),
  shown,
})

test('pods may have what is left beside the reservations and the hard thresholds', () => {
  const settings = {
    systemReserved: { cpu: '500m', memory: '1Gi' },
    kubeReserved: { cpu: '250m', memory: '1Gi', 'ephemeral-storage': '10Gi' },
    evictionHard: { 'memory.available': '1Gi', 'nodefs.available': '10%' },
  }
  expect(allocatableOf(resourcesWith(settings))).toMatchObject({
    cpu: '3250m',
    memory: '5Gi',
    'ephemeral-storage': String(80 * GI),
    pods: '110',
  })
})

test('more reserved than there is leaves nothing, and not less', () => {
  const { cpu, memory } = allocatableOf(resourcesWith({ systemReserved: { cpu: '9', memory: '9Gi' } }))
  expect([cpu, memory]).toEqual(['0', '0'])
})

test('devices and GPUs are extended resources; without NVIDIA’s runtime there are no GPUs', () => {
  const input = resourcesWith({ devices: { 'example.com/thing': { count: 4, paths: ['/dev/null'] } } })
  expect(capacityOf(input)).toMatchObject({ 'example.com/thing': '4', 'nvidia.com/gpu': '2' })
  expect(capacityOf({ ...input, runtime: { ...runtime, nvidia: false } })).not.toHaveProperty(['nvidia.com/gpu'])
})

test('extended resources that a client gave the node may be had by pods', () => {
  const shown = { capacity: { cpu: '99', 'example.com/foo': '5' }, allocatable: { 'example.com/gone': '1' } }
  const allocatable = allocatableOf(resourcesWith({}, shown))
  expect(allocatable).toMatchObject({ cpu: '4', 'example.com/foo': '5' })
  expect(allocatable).not.toHaveProperty(['example.com/gone'])
})

test.for([
  [{ evictionHard: { 'memory.available': '-x' } }, 'evictionHard: memory.available'],
  [{ evictionHardd: {} }, 'evictionHardd: unknown setting'],
  [{ systemReserved: { pods: '1' } }, "systemReserved: pods can't be reserved"],
  [{ systemReserved: { cpu: 'lots' } }, 'systemReserved: cpu: "lots" is not a quantity'],
  [{ imageMinimumGCAge: 'soon' }, 'imageMinimumGCAge: "soon" is not a duration'],
  [{ imageGCHighThresholdPercent: 80 }, 'imageGCLowThresholdPercent: 80 must be less'],
  [{ imageGCHighThresholdPercent: 120 }, 'imageGCHighThresholdPercent: 120 is not between'],
  [{ devices: { thing: {} } }, 'devices: thing is not the name of an extended resource'],
  [{ devices: { 'example.com/a': { paths: ['/etc/passwd'] } } }, 'paths must begin with /dev/'],
  [{ enableSystemLogHandler: 'yes' }, 'enableSystemLogHandler: it is neither true nor false'],
  [[], 'it is not a list of settings'],
] as const)('%j is refused', ([given, words]) => {
  expect(() => nodeSettings(given)).toThrow(words)
})
