import { afterAll, beforeAll, expect, test } from 'vitest'
import { skiffOn } from '../support/skiff-on.ts'
import { createTestFabric, type TestFabric, type TestHost } from '../support/test-host.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

const IMAGE = 'skiff-test/up:1'
const podOf = (name: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec: {containers: [{name: main, image: '${IMAGE}', imagePullPolicy: Never, command: [sleep, '3600']}]}
`

let fabric: TestFabric
let host: TestHost

beforeAll(async () => {
  fabric = await createTestFabric()
  host = await fabric.startHost('kept')
  await importBusybox(host, IMAGE)
})

afterAll(() => fabric?.[Symbol.asyncDispose]())

const skiff = (args: readonly string[], input?: string) => skiffOn(host, args, input)

/** Process ids of the component, without the one that keeps it running. */
async function pidsOf(component: 'master' | 'agent'): Promise<readonly string[]> {
  return (await host.exec(['sh', '-c', `pgrep -f '^[^ ]*node .*main[.]js .* ${component} ' || true`])).split('\n').filter(Boolean)
}

async function killed(component: 'master' | 'agent'): Promise<void> {
  const [pid = ''] = await pidsOf(component)
  await host.exec(['kill', '-KILL', pid])
  await waitFor(`another ${component} runs`, async () => {
    const [another] = await pidsOf(component)
    return another !== undefined && another !== pid
  })
}

async function podsReady(count: number): Promise<void> {
  const ready = async () => JSON.parse(await skiff(['status', '--output', 'json'])).pods.ready
  await waitFor(`${count} pods are ready`, async () => (await ready()) === count, 120_000)
}

const containers = async () => (await host.docker('ps', '-q', '--no-trunc')).split('\n').filter(Boolean)

test('a killed agent and a killed master of skiff up are started again, pods don’t notice, and down stops them for good', async () => {
  await skiff(['up'])
  await skiff(['apply', '-f', '-'], podOf('first'))
  await podsReady(1)
  const before = await containers()

  await killed('agent')
  await killed('master')
  await waitFor('the master serves', () => skiff(['apply', '-f', '-'], podOf('second')))
  await podsReady(2)
  expect(await containers()).toEqual(expect.arrayContaining(before))

  await skiff(['down'])
  expect([...(await pidsOf('master')), ...(await pidsOf('agent'))]).toEqual([])
  expect(await containers()).toHaveLength(4)
})

test('an agent of skiff up ends for good when its node is deleted', async () => {
  await skiff(['up'])
  await podsReady(2)
  await skiff(['delete', 'node', 'kept'])
  await waitFor(
    'nothing keeps the agent',
    async () => (await host.exec(['sh', '-c', 'pgrep -f "[k]eep-running .* agent" || true'])) === '',
  )
  expect(await pidsOf('agent')).toEqual([])
  expect(await containers()).toEqual([])
})
