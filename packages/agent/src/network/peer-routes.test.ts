import { expect, test } from 'vitest'
import type { HostCommands } from './host-commands.ts'
import { planPeerRoutes, setPeerRoutes } from './peer-routes.ts'

const to = (podCidr: string, gateway: string) => ({ podCidr, gateway })

test('routes that are right are left alone', () => {
  expect(planPeerRoutes([to('10.1.2.0/24', '192.0.2.2')], [to('10.1.2.0/24', '192.0.2.2')])).toEqual([])
})

test('new and changed routes are replaced, stale ones removed first', () => {
  const present = [to('10.1.2.0/24', '192.0.2.2'), to('10.1.3.0/24', '192.0.2.3')]

  const batch = planPeerRoutes(present, [to('10.1.2.0/24', '192.0.2.9'), to('10.1.4.0/24', '192.0.2.4')])

  expect(batch).toEqual([
    'route del 10.1.3.0/24 proto 145',
    'route replace 10.1.2.0/24 via 192.0.2.9 proto 145',
    'route replace 10.1.4.0/24 via 192.0.2.4 proto 145',
  ])
})

test('a neighbour is its own gateway, a remote host is reached by the gateway to it, this host needs no route', async () => {
  const answers: Record<string, object> = {
    '192.0.2.2': { dst: '192.0.2.2', dev: 'eth0' },
    '198.51.100.7': { dst: '198.51.100.7', gateway: '192.0.2.254', dev: 'eth0' },
    '192.0.2.1': { type: 'local', dst: '192.0.2.1', dev: 'lo' },
  }
  const { commands, batches } = recording((args) => (args.includes('get') ? [answers[args.at(-1) ?? '']] : []))

  await setPeerRoutes(
    commands,
    [
      { nodeIp: '192.0.2.2', podCidr: '10.1.2.0/24' },
      { nodeIp: '198.51.100.7', podCidr: '10.1.3.0/24' },
      { nodeIp: '192.0.2.1', podCidr: '10.1.1.0/24' },
    ],
    { clusterCidr: '10.1.0.0/16', podCidr: '10.1.1.0/24' },
  )

  expect(batches).toEqual([
    'route replace unreachable 10.1.1.0/24 proto 145\nroute replace 10.1.2.0/24 via 192.0.2.2 proto 145\nroute replace 10.1.3.0/24 via 192.0.2.254 proto 145\n',
  ])
})

test('another cluster’s routes and those of single pods are not ours to remove', async () => {
  const present = [
    { dst: '10.9.2.0/24', gateway: '192.0.2.2' },
    { dst: '10.1.1.5', dev: 'skf00000000' },
  ]
  const { commands, batches } = recording(() => present)

  await setPeerRoutes(commands, [], { clusterCidr: '10.1.0.0/16', podCidr: undefined })

  expect(batches).toEqual([])
})

test('of the own range only the present one is kept, and nothing when this host leaves', async () => {
  const present = [
    { type: 'unreachable', dst: '10.1.1.0/24' },
    { type: 'unreachable', dst: '10.1.7.0/24' },
  ]
  const { commands, batches } = recording(() => present)

  await setPeerRoutes(commands, [], { clusterCidr: '10.1.0.0/16', podCidr: '10.1.1.0/24' })
  await setPeerRoutes(commands, [], { clusterCidr: '10.1.0.0/16', podCidr: undefined })

  expect(batches).toEqual([
    'route del 10.1.7.0/24 proto 145\n',
    'route del 10.1.1.0/24 proto 145\nroute del 10.1.7.0/24 proto 145\n',
  ])
})

function recording(answer: (args: readonly string[]) => unknown) {
  const batches: string[] = []
  const commands: HostCommands = {
    run: async (_, args, input) => {
      if (!args.includes('-batch')) return JSON.stringify(answer(args))
      batches.push(input ?? '')
      return ''
    },
    script: async () => '',
    hasLink: async () => true,
    lines: async function* () {},
    setSysctl: async () => {},
  }
  return { commands, batches }
}
