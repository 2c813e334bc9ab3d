import { expect, test } from 'vitest'
import type { ImageRequest } from '../runtime/runtime.ts'
import { imageSources } from './image-sources.ts'
import { peerOf } from './peers.ts'

const NAME = 'docker.io/library/app:latest'
const builder = peerOf({ name: 'builder', address: '192.0.2.2', images: [{ names: ['app:latest'] }] })
const puller = peerOf({
  name: 'puller',
  address: '192.0.2.3',
  images: [{ names: ['app:latest', `app@sha256:${'b'.repeat(64)}`] }],
})
const nobody: never[] = []

test.for([
  ['Never', undefined, nobody, []],
  ['Never', { pulled: false, allowed: true }, nobody, ['local']],
  ['IfNotPresent', { pulled: true, allowed: true }, [builder], ['local']],
  ['IfNotPresent', undefined, [puller, builder], ['puller', 'builder', 'registry']],
  ['IfNotPresent', undefined, nobody, ['registry']],
  ['Always', { pulled: true, allowed: true }, [builder], ['registry', 'local']],
  ['Always', { pulled: false, allowed: true }, [puller], ['local']],
  ['Always', undefined, nobody, ['registry']],
  ['Always', undefined, [puller], ['registry', 'puller']],
  ['Always', undefined, [puller, builder], ['builder', 'registry', 'puller']],
  ['Never', { pulled: true, allowed: false }, nobody, []],
  ['IfNotPresent', { pulled: true, allowed: false }, [builder], ['registry']],
  ['Always', { pulled: true, allowed: false }, [builder], ['registry']],
] as const)('policy %s, here %j, peers %j', ([pullPolicy, local, peers, expected]) => {
  const sources = imageSources({ pullPolicy: pullPolicy as ImageRequest['pullPolicy'], local, peers, name: NAME })

  expect(sources.map((source) => (source.type === 'peer' ? source.peer.node : source.type))).toEqual(expected)
})
