import type { Container, Pod } from '@skiff/api'
import { expect, test } from 'vitest'
import type { PodContainers } from '../runtime/runtime.ts'
import { GPUS } from './labels.ts'
import { NodeDevices, type NodeDevicesOptions } from './node-devices.ts'

const asking = (limits: Record<string, string>): Container => ({ name: 'c', image: 'bb', resources: { limits } })
const podOf = (uid: string, phase?: string) =>
  ({ metadata: { name: uid, uid }, spec: { containers: [] }, ...(phase ? { status: { phase } } : {}) }) as unknown as Pod

function devicesOf(options: Partial<NodeDevicesOptions>) {
  return new NodeDevices({ devices: {}, gpus: ['GPU-1', 'GPU-2', 'GPU-3'], pods: () => [], observed: () => [], ...options })
}

test('who asks for an extended resource gets its devices, once each', () => {
  const devices = { 'example.com/a': { count: 1, paths: ['/dev/a', '/dev/b'] }, 'example.com/b': { count: 1, paths: ['/dev/b'] } }
  const found = devicesOf({ devices }).of(podOf('p'), asking({ 'example.com/a': '1', 'example.com/b': '2' }))

  expect(found.devices.map(({ path }) => path)).toEqual(['/dev/a', '/dev/b'])
  expect(devicesOf({ devices }).of(podOf('p'), asking({ 'example.com/b': '0', cpu: '1' })).devices).toEqual([])
})

test('a GPU is one container’s alone until its pod has ended', () => {
  let pods = [podOf('p'), podOf('q')]
  const devices = devicesOf({ pods: () => pods })
  const two = asking({ 'nvidia.com/gpu': '2' })

  expect(devices.of(podOf('p'), two).gpus).toEqual(['GPU-1', 'GPU-2'])
  expect(devices.of(podOf('q'), asking({ 'nvidia.com/gpu': '1' })).gpus).toEqual(['GPU-3'])
  expect(devices.of(podOf('p'), two).gpus).toEqual(['GPU-1', 'GPU-2'])
  pods = [podOf('p', 'Succeeded'), podOf('q'), podOf('r')]
  expect(devices.of(podOf('r'), two).gpus).toEqual(['GPU-1', 'GPU-2'])
})

test('the next agent sees which GPUs are taken', () => {
  const held = { pod: { uid: 'p' }, containers: [{ name: 'c', phase: 'running', labels: { [GPUS]: 'GPU-1,GPU-3' } }] }
  const observed = () => [held as unknown as PodContainers]
  const devices = devicesOf({ pods: () => [podOf('p'), podOf('q')], observed })

  expect(devices.of(podOf('q'), asking({ 'nvidia.com/gpu': '1' })).gpus).toEqual(['GPU-2'])
})
