import { describe, expect, it } from 'vitest'
import { alignColumns } from './columns.ts'
import { type ClusterStatus, statusText } from './commands/status.ts'
import { describeFailure } from './failure.ts'
import { objectTarget, oneObject } from './object-target.ts'
import { parseDuration } from './parse-duration.ts'
import { tableRows } from './table.ts'

describe('columns', () => {
  it('are as wide as their widest cell and three spaces apart, without blanks at the end', () => {
    expect(
      alignColumns([
        ['NAME', 'AGE'],
        ['a-long-name', '5s'],
        ['b', ''],
      ]),
    ).toBe('NAME          AGE\na-long-name   5s\nb\n')
  })
})

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
  ])('%s is read', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '5', '5x', 'h', '1h 30m', '-1h', '1.5h'])('"%s" is refused', (text) => {
    expect(() => parseDuration(text)).toThrow('is not a duration such as')
  })
})

describe('a failure', () => {
  it('is one line with its causes, each said once', () => {
    const cause = new Error('connect ECONNREFUSED\nat once')
    expect(describeFailure(new Error('the master is away', { cause: new Error('request failed', { cause }) }))).toBe(
      'the master is away: request failed: connect ECONNREFUSED; at once',
    )
    expect(describeFailure(new Error('it is away: gone', { cause: new Error('gone') }))).toBe('it is away: gone')
    expect(describeFailure('odd')).toBe('odd')
    expect(describeFailure(undefined)).toBe('failed for an unknown reason')
  })
})

describe('what is named on the command line', () => {
  it('is a kind, several, or one object', () => {
    expect(objectTarget('pods', undefined)).toEqual({ resources: ['pods'] })
    expect(objectTarget('deploy,svc', undefined)).toEqual({ resources: ['deploy', 'svc'] })
    expect(objectTarget('pod/a', undefined)).toEqual({ resources: ['pod'], name: 'a' })
    expect(oneObject('pod', 'a')).toEqual({ resource: 'pod', name: 'a' })
  })

  it.each([
    ['pod/a', 'b'],
    ['pod,svc', 'b'],
    ['pod/a/b', undefined],
    ['pod/', undefined],
  ])('is refused where it means nothing: %s %s', (resource, name) => {
    expect(() => objectTarget(resource, name)).toThrow()
  })

  it('needs a name where one object is meant', () => {
    expect(() => oneObject('pods', undefined)).toThrow('write KIND NAME or KIND/NAME')
  })
})

it('shows the columns for wide output only when asked, and the namespace in front', () => {
  const table = {
    columnDefinitions: [
      { name: 'Name', priority: 0 },
      { name: 'IP', priority: 1 },
    ],
    rows: [{ cells: ['a', null], object: { metadata: { namespace: 'default' } } }],
  }
  expect(tableRows(table, { wide: false, withNamespace: false })).toEqual([['NAME'], ['a']])
  expect(tableRows(table, { wide: true, withNamespace: true })).toEqual([
    ['NAMESPACE', 'NAME', 'IP'],
    ['default', 'a', ''],
  ])
})

it('prints the status with an address for each Service, or what it lacks', () => {
  const cluster: ClusterStatus = {
    nodes: [{ name: 'a', ready: true, address: '10.0.0.1', pods: 2 }],
    deployments: [{ namespace: 'default', name: 'hello', ready: 1, wanted: 2 }],
    services: [
      { namespace: 'default', name: 'hello', endpoints: 1, addresses: ['http://10.96.0.5/', 'http://10.0.0.1:30080/'] },
      { namespace: 'default', name: 'none', endpoints: 0, addresses: [], note: 'no ready endpoint' },
    ],
    pods: {
      running: 2,
      ready: 1,
      total: 3,
      succeeded: 1,
      unready: [{ namespace: 'shop', name: 'hello-2', state: 'CrashLoopBackOff' }],
    },
  }
  expect(statusText(cluster)).toBe(`Nodes
  a   Ready   10.0.0.1   2 pods

Deployments
  default   hello   1/2 ready

Services
  default   hello   http://10.96.0.5/
                    http://10.0.0.1:30080/
  default   none    no ready endpoint

Pods: 1 of 2 ready, 1 done
  shop   hello-2   CrashLoopBackOff
What is wrong, and what to do: skiff why pod hello-2 -n shop
`)
})

it('asks about what is likely the reason of the rest', () => {
  const empty = { running: 0, ready: 0, total: 0, succeeded: 0, unready: [] }
  const node = (ready: boolean) => ({ name: 'a', ready, address: '10.0.0.1', pods: 0 })
  const service = { namespace: 'default', name: 'lonely', endpoints: 0, addresses: [], note: 'no ready endpoint' }
  const name = { namespace: 'default', name: 'elsewhere', endpoints: 0, addresses: [], note: 'a name for example.com' }
  const leaving = { namespace: 'default', name: 'old', state: 'Terminating' }
  const pods = { ...empty, total: 1, unready: [leaving] }
  const asked = (cluster: Pick<ClusterStatus, 'nodes' | 'services' | 'pods'>) =>
    /skiff why .*/.exec(statusText({ ...cluster, deployments: [] }))?.[0]

  expect(asked({ nodes: [node(true)], services: [name], pods })).toBeUndefined()
  expect(asked({ nodes: [node(true)], services: [service], pods })).toBe('skiff why service lonely')
  expect(asked({ nodes: [node(false)], services: [service], pods })).toBe('skiff why node a')
  expect(statusText({ nodes: [node(true)], services: [], deployments: [], pods: empty })).toMatch(/\nPods: none\n$/)
})
