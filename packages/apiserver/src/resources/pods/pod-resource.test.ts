import { fieldErrorMessage, type KubeObject, type Pod } from '@skiff/api'
import { describe, expect, test } from 'vitest'
import { cloneJson } from '../../patch/json-value.ts'
import type { StrategyContext } from '../../registry/resource-definition.ts'
import { podResource } from './pod-resource.ts'

const RULE = { action: 'Restart', exitCodes: { operator: 'In', values: [42] } }
const ruled = (...restartPolicyRules: object[]) => ({ restartPolicy: 'Never', restartPolicyRules })
const fromFile = (ref: object) => ({
  env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'work', path: 'a.env', key: 'A', ...ref } } }],
})

describe('creating a pod', () => {
  test('gives it tolerations of a node that is lost, unless it has its own', () => {
    const always = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' } as const

    expect(create({}).spec.tolerations).toEqual([
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
    ])
    expect(create({ tolerations: [always] }).spec.tolerations).toEqual([
      always,
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
    ])
    expect(create({ tolerations: [{ operator: 'Exists' }] }).spec.tolerations).toEqual([{ operator: 'Exists' }])
  })

  test('starts it as Pending with its class of service, whatever status was sent', () => {
    const pod = create({ containers: [{ name: 'c', image: 'x', resources: { limits: { cpu: '1', memory: '1Gi' } } }] })

    expect(pod.status).toEqual({ phase: 'Pending', qosClass: 'Guaranteed' })
  })

  test('says that scheduling gates hold it', () => {
    expect(create({ schedulingGates: [{ name: 'a.b/c' }] }).status?.conditions).toEqual([
      expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }),
    ])
  })

  test('makes a second of a grace period that is negative', () => {
    expect(create({ terminationGracePeriodSeconds: -1 }).spec.terminationGracePeriodSeconds).toBe(1)
  })

  test('refuses ephemeral containers, which only a running pod may get', () => {
    expect(() => create({ ephemeralContainers: [{ name: 'e', image: 'x' }] })).toThrow(
      'Pod "p" is invalid: spec.ephemeralContainers: Forbidden: cannot be set on create',
    )
  })

  test('pulls an image anew only when its tag says nothing of its version', () => {
    const policyOf = (image: string) => create({ containers: [{ name: 'c', image }] }).spec.containers[0]?.imagePullPolicy

    expect(policyOf('nginx')).toBe('Always')
    expect(policyOf('localhost:5000/nginx')).toBe('Always')
    expect(policyOf('nginx:latest')).toBe('Always')
    expect(policyOf('localhost:5000/nginx:1.2')).toBe('IfNotPresent')
    expect(policyOf('nginx@sha256:0123')).toBe('IfNotPresent')
  })

  test.each<[object, string]>([
    [
      { restartPolicy: 'Sometimes' },
      'restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
    ],
    [{ restartPolicyRules: [RULE] }, 'restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
    [
      ruled({ ...RULE, action: 'Stop' }),
      'restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers"',
    ],
    [ruled({ action: 'Restart' }), 'restartPolicyRules[0].exitCodes: Required value: must be specified'],
    [
      ruled({ ...RULE, exitCodes: { operator: 'Is', values: [] } }),
      'restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"',
    ],
    [fromFile({ volumeName: 'nope' }), 'env[0].valueFrom.fileKeyRef.volumeName: Not found: "nope"'],
    [
      fromFile({ volumeName: 'host' }),
      'env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "host": referenced volume must be of type emptyDir',
    ],
    [fromFile({ path: '../x' }), 'env[0].valueFrom.fileKeyRef.path: Invalid value: "../x": must not contain \'..\''],
  ])('refuses a container with %o', (own, problem) => {
    const volumes = [
      { name: 'work', emptyDir: {} },
      { name: 'host', hostPath: { path: '/' } },
    ]
    const pod = create({ volumes, containers: [{ name: 'c', image: 'x', ...own }] }) as unknown as KubeObject
    expect((podResource.strategy.validate?.(pod) ?? []).map(fieldErrorMessage)).toEqual([`spec.containers[0].${problem}`])
  })

  test('refuses a hostname of its own where another field gives it one, or where none can be', () => {
    const problemsWith = (spec: object) =>
      (podResource.strategy.validate?.(create(spec) as unknown as KubeObject) ?? []).map(fieldErrorMessage)
    const field = 'spec.hostnameOverride'

    expect(problemsWith({ hostnameOverride: 'a.b' })).toEqual([])
    expect(problemsWith({ hostnameOverride: 'a', setHostnameAsFQDN: true })).toEqual([
      'spec.setHostnameAsFQDN: Forbidden: may not be set when `hostnameOverride` is set',
    ])
    expect(problemsWith({ hostnameOverride: 'a', hostNetwork: true })).toEqual([
      `${field}: Forbidden: may not be set when \`hostNetwork\` is true`,
    ])
    expect(problemsWith({ hostnameOverride: 'Not-RFC1123' })).toEqual([expect.stringContaining('a lowercase RFC 1123 subdomain')])
    expect(problemsWith({ hostnameOverride: 'a'.repeat(65) })).toEqual([
      expect.stringContaining('must be no more than 64 characters'),
    ])
  })

  test('refuses generic ephemeral volumes whose claim could not be made', () => {
    const problemsWith = (ephemeral: object) => {
      const pod = create({ volumes: [{ name: 'v', ephemeral }] }) as unknown as KubeObject
      return (podResource.strategy.validate?.(pod) ?? []).map(fieldErrorMessage)
    }
    const field = 'spec.volumes[0].ephemeral.volumeClaimTemplate'

    expect(problemsWith({})).toContain(`${field}: Required value`)
    expect(problemsWith({ volumeClaimTemplate: {} })).toContain(
      `${field}.spec.accessModes: Required value: at least 1 access mode is required`,
    )
    expect(problemsWith({ volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } })).toContain(
      `${field}.spec.resources[storage]: Required value`,
    )
  })

  test('defaults are the same when they are filled in twice', () => {
    const pod = create({ volumes: [{ name: 'v', hostPath: { path: '/x' } }], hostNetwork: true })
    const again = cloneJson(pod)
    podResource.strategy.default?.(again as unknown as KubeObject)

    expect(again).toEqual(pod)
  })
})

describe('updating a pod', () => {
  test('may change images, add tolerations and shorten the deadline', () => {
    const old = create({ activeDeadlineSeconds: 10 })
    const next = cloneJson(old)
    const [container] = next.spec.containers
    if (container) container.image = 'y'
    next.spec.tolerations = [...(next.spec.tolerations ?? []), { key: 'z', operator: 'Exists' }]
    next.spec.activeDeadlineSeconds = 5

    expect(problemsOfUpdate(next, old)).toEqual([])
  })

  test.each<[string, (pod: Pod) => void, RegExp]>([
    [
      'env',
      (pod) => Object.assign(pod.spec.containers[0] ?? {}, { env: [{ name: 'A', value: 'b' }] }),
      /changed: spec\.containers\[0\]\.env/,
    ],
    ['the node', (pod) => Object.assign(pod.spec, { nodeName: 'x' }), /changed: spec\.nodeName/],
    [
      'the number of containers',
      (pod) => pod.spec.containers.push({ name: 'd', image: 'x' }),
      /may not add or remove containers/,
    ],
    ['a toleration away', (pod) => Object.assign(pod.spec, { tolerations: [] }), /existing toleration can not be modified/],
    [
      'a gate in',
      (pod) => Object.assign(pod.spec, { schedulingGates: [{ name: 'g' }] }),
      /only deletion is allowed, but found new scheduling gate 'g'/,
    ],
  ])('may not change %s', (_what, change, message) => {
    const old = create({})
    const next = cloneJson(old)
    change(next)

    expect(problemsOfUpdate(next, old).join('\n')).toMatch(message)
  })

  test('names what may change as upstream does', () => {
    const old = create({})
    const next = cloneJson(old)
    next.spec.nodeName = 'x'

    expect(problemsOfUpdate(next, old)[0]).toContain(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    )
  })

  test('a container that has ended for good may not run again', () => {
    const old = create({ restartPolicy: 'Never' })
    old.status = { ...old.status, containerStatuses: [status({ terminated: { exitCode: 1 } })] }
    const next = cloneJson(old)
    next.status = { ...next.status, containerStatuses: [status({ running: {} })] }

    const problems =
      podResource.strategy.validateStatusUpdate?.(next as unknown as KubeObject, old as unknown as KubeObject) ?? []

    expect(problems.map(fieldErrorMessage)).toEqual([
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ])
  })
})

describe('a rule that starts all containers again', () => {
  const restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }]
  const source = { name: 'source', image: 'x', restartPolicy: 'Never', restartPolicyRules }

  test('lets those run again that have ended for good', () => {
    const old = create({ restartPolicy: 'Never', containers: [source, { name: 'c', image: 'x' }] })
    old.status = { ...old.status, containerStatuses: [status({ terminated: { exitCode: 137 } })] }
    const next = cloneJson(old)
    next.status = { ...next.status, containerStatuses: [status({ running: {} })] }

    expect(podResource.strategy.validateStatusUpdate?.(next as unknown as KubeObject, old as unknown as KubeObject)).toEqual([])
  })
})

describe("writing a pod's status", () => {
  const written = (status: Pod['status']) => {
    const old = create({})
    const pod = { ...cloneJson(old), status } as Pod
    podResource.strategy.prepareForStatusUpdate?.(pod as unknown as KubeObject, old as unknown as KubeObject, CONTEXT)
    return pod.status
  }

  test('keeps the class of service', () => {
    expect(written({ phase: 'Running' })).toEqual({ phase: 'Running', qosClass: 'BestEffort' })
  })

  test('keeps podIP and podIPs the same', () => {
    expect(written({ podIP: '10.1.1.1' })?.podIPs).toEqual([{ ip: '10.1.1.1' }])
    expect(written({ podIPs: [{ ip: '10.1.1.1' }] })?.podIP).toBe('10.1.1.1')
  })
})

test('a resize of containers that are renamed, reordered or gone is refused for that alone', () => {
  const resources = { requests: { cpu: '20m' } }
  const old = create({ containers: ['a', 'b'].map((name) => ({ name, image: 'x', resources })) })
  const problemsWith = (names: string[]) => {
    const containers = names.map((name) => ({ ...old.spec.containers[0], name }))
    const next = { ...old, spec: { ...old.spec, containers } }
    const problems = podResource.strategy.validateSubresource?.('resize', next as never, old as never) ?? []
    return problems.map(fieldErrorMessage)
  }
  const renamed = (index: number) =>
    `spec.containers[${index}].name: Forbidden: containers may not be renamed or reordered on resize`

  expect(problemsWith(['b', 'a'])).toEqual([renamed(0), renamed(1)])
  expect(problemsWith(['a', 'c'])).toEqual([renamed(1)])
  expect(problemsWith(['a'])).toEqual(['spec.containers: Forbidden: containers may not be added or removed on resize'])
})

describe('resources of a pod itself', () => {
  const container = (name: string, resources: object = {}) => ({ name, image: 'x', resources })
  const problemsWith = (resources: object, ...containers: object[]) => {
    const pod = create({ resources, containers: containers as never })
    return (podResource.strategy.validate?.(pod as never) ?? []).map(fieldErrorMessage)
  }

  test('are completed from its containers, then from its limits', () => {
    const resourcesOf = (spec: object) => create(spec as never).spec.resources
    const containers = [container('a', { requests: { cpu: '100m' } }), container('b', { limits: { cpu: '200m' } })]
    const limits = { cpu: '1', memory: '64Mi' }
    expect(resourcesOf({ containers, resources: { limits } })).toEqual({ limits, requests: { cpu: '300m', memory: '64Mi' } })
    const requests = { cpu: '500m' }
    expect(resourcesOf({ containers, resources: { requests } })).toEqual({ requests })
    expect(resourcesOf({ containers, resources: {} })).toEqual({})
    const huge = [container('a', { limits: { 'hugepages-2Mi': '4Mi' } })]
    expect(resourcesOf({ containers: huge, resources: { requests } })).toEqual({
      limits: { 'hugepages-2Mi': '4Mi' },
      requests: { ...requests, 'hugepages-2Mi': '4Mi' },
    })
  })

  test('are cpu, memory and huge pages, and bound its containers', () => {
    expect(problemsWith({ limits: { cpu: '1', memory: '64Mi' } }, container('a', { limits: { memory: '64Mi' } }))).toEqual([])
    expect(problemsWith({ limits: { 'ephemeral-storage': '1Gi' } }, container('a'))).toEqual([
      'spec.resources.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
    ])
    expect(problemsWith({ requests: { foo: '1', 'a.b/c': '1' } }, container('a'))).toEqual([
      'spec.resources.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
      'spec.resources.requests[a.b/c]: Unsupported value: "a.b/c": supported values: "cpu", "hugepages-", "memory"',
    ])
    expect(problemsWith({ requests: { cpu: '2' }, limits: { cpu: '1' } }, container('a'))).toEqual([
      'spec.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ])
    const asking = container('a', { requests: { cpu: '1' }, limits: { cpu: '3' } })
    expect(problemsWith({ requests: { cpu: '1' }, limits: { cpu: '2' } }, asking, { ...asking, name: 'b' })).toEqual([
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
      'spec.resources.containers[0][cpu].limits: Invalid value: "3": must be less than or equal to pod limits of 2',
      'spec.resources.containers[1][cpu].limits: Invalid value: "3": must be less than or equal to pod limits of 2',
    ])
  })

  test('change by a resize, and may not go away', () => {
    const resources = { requests: { cpu: '1' }, limits: { cpu: '2' } }
    const old = create({ resources, containers: [container('a')] as never })
    const resized = (next: object | undefined) => {
      const { resources: _, ...spec } = old.spec
      const pod = { ...old, spec: { ...spec, ...(next && { resources: next }) } }
      const problems = podResource.strategy.validateSubresource?.('resize', pod as never, old as never) ?? []
      return problems.map(fieldErrorMessage)
    }
    expect(resized({ requests: { cpu: '2' }, limits: { cpu: '4', memory: '1Gi' } })).toEqual([])
    expect(resized(undefined)).toContain('spec.resources: Forbidden: pod-level resources cannot be removed')
    expect(resized({ requests: { cpu: '1' } })).toEqual([
      'spec.resources.limits: Forbidden: pod-level resource limits cannot be removed',
    ])
    const huge = { ...resources.limits, 'hugepages-2Mi': '2Mi' }
    expect(resized({ ...resources, limits: huge })).toContain(
      'spec: Forbidden: only cpu and memory resources are mutable at pod-level',
    )
  })
})

describe('deleting a pod', () => {
  const grace = (pod: Pod, asked?: number) => podResource.strategy.gracePeriodSeconds?.(pod as unknown as KubeObject, asked)

  test('waits as long as the pod or the request says', () => {
    const pod = create({ nodeName: 'n', terminationGracePeriodSeconds: 7 })

    expect(grace(pod)).toBe(7)
    expect(grace(pod, 0)).toBe(0)
    expect(grace(pod, 60)).toBe(60)
  })

  test('is at once where nothing runs', () => {
    expect(grace(create({}))).toBe(0)
    expect(grace({ ...create({ nodeName: 'n' }), status: { phase: 'Succeeded' } })).toBe(0)
  })
})

describe("a pod's row", () => {
  const now = new Date('2026-01-01T01:00:00Z')
  const row = (pod: Pod) => podResource.columns?.cells(pod as unknown as KubeObject, now).slice(1, 4)
  const pod = (status: Pod['status'], spec: Partial<Pod['spec']> = {}) => ({ ...create(spec), status }) as Pod

  test('counts ready containers and tells restarts with their age', () => {
    const statuses = [
      {
        ...status({ running: {} }),
        ready: true,
        restartCount: 2,
        lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } },
      },
    ]

    expect(row(pod({ phase: 'Running', containerStatuses: statuses }))).toEqual(['1/1', 'Running', '2 (5m ago)'])
  })

  test.each<[string, Pod['status'], string]>([
    [
      'a waiting reason',
      { phase: 'Pending', containerStatuses: [status({ waiting: { reason: 'ImagePullBackOff' } })] },
      'ImagePullBackOff',
    ],
    ['an exit code', { phase: 'Running', containerStatuses: [status({ terminated: { exitCode: 3 } })] }, 'ExitCode:3'],
    ['a signal', { phase: 'Running', containerStatuses: [status({ terminated: { exitCode: 137, signal: 9 } })] }, 'Signal:9'],
    ['a reason of its own', { phase: 'Failed', reason: 'Evicted' }, 'Evicted'],
    [
      'gates',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      'SchedulingGated',
    ],
  ])('shows %s', (_what, podStatus, expected) => {
    expect(row(pod(podStatus))?.[1]).toBe(expected)
  })

  test('shows how far init containers are', () => {
    const initContainers = [
      { name: 'i', image: 'x' },
      { name: 'j', image: 'x' },
    ]
    const done = { ...status({ terminated: { exitCode: 0 } }), name: 'i' }
    const running = { ...status({ running: {} }), name: 'j' }
    const crashing = { ...status({ waiting: { reason: 'CrashLoopBackOff' } }), name: 'j' }

    expect(row(pod({ phase: 'Pending', initContainerStatuses: [done, running] }, { initContainers }))?.[1]).toBe('Init:1/2')
    expect(row(pod({ phase: 'Pending', initContainerStatuses: [done, crashing] }, { initContainers }))?.[1]).toBe(
      'Init:CrashLoopBackOff',
    )
  })

  test('counts sidecars among the containers', () => {
    const initContainers = [{ name: 'i', image: 'x', restartPolicy: 'Always' }]
    const sidecar = { ...status({ running: {} }), name: 'i', started: true, ready: true }

    expect(
      row(
        pod(
          {
            phase: 'Running',
            initContainerStatuses: [sidecar],
            containerStatuses: [{ ...status({ running: {} }), ready: true }],
          },
          { initContainers },
        ),
      ),
    ).toEqual(['2/2', 'Running', '0'])
  })

  test('shows that it is being deleted', () => {
    const deleted = pod({ phase: 'Running' })
    deleted.metadata.deletionTimestamp = '2026-01-01T00:59:00Z'

    expect(row(deleted)?.[1]).toBe('Terminating')
  })
})

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]

function status(state: NonNullable<ContainerStatus['state']>): ContainerStatus {
  return { name: 'c', image: 'x', imageID: '', ready: false, restartCount: 0, state }
}

function create(spec: Partial<Pod['spec']>): Pod {
  const draft = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n' },
    spec: { containers: [{ name: 'c', image: 'x' }], ...spec },
  }
  const pod = draft as unknown as KubeObject
  podResource.strategy.default?.(pod)
  podResource.strategy.prepareForCreate?.(pod, CONTEXT)
  return pod as unknown as Pod
}

function problemsOfUpdate(pod: Pod, old: Pod): string[] {
  return (podResource.strategy.validateUpdate?.(pod as unknown as KubeObject, old as unknown as KubeObject) ?? []).map(
    fieldErrorMessage,
  )
}

const CONTEXT: StrategyContext = {
  user: { name: 'admin', groups: [] },
  now: new Date(0),
  random: () => 0,
  dryRun: false,
  cluster: {
    serviceCidr: '10.96.0.0/16',
    podCidr: '10.244.0.0/16',
    nodePorts: { first: 30_000, last: 32_767 },
    clusterDomain: 'cluster.local',
    defaultTolerationSeconds: 5,
  },
  objects: { get: () => undefined, list: () => [] },
  claims: { take: () => true },
}
