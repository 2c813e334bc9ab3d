import type { Deployment, EndpointSlice, Event, KubeObject, Node, ObjectMeta, Pod, ReplicaSet, Service } from '@skiff/api'
import { describe, expect, it } from 'vitest'
import { explain } from './explain.ts'
import type { Surroundings } from './surroundings.ts'

const NOW = new Date('2026-01-01T12:00:00Z')
const POD = { kind: 'Pod', group: '', singular: 'pod' }
const SERVICE = { kind: 'Service', group: '', singular: 'service' }
const DEPLOYMENT = { kind: 'Deployment', group: 'apps', singular: 'deployment' }
const NODE = { kind: 'Node', group: '', singular: 'node' }
const AUTOSCALER = { kind: 'HorizontalPodAutoscaler', group: 'autoscaling', singular: 'horizontalpodautoscaler' }

function meta(name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T11:00:00Z',
    ...more,
  }
}

const READY_NODE: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: meta('a'),
  spec: {},
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}

function around(more: Partial<Surroundings> = {}): Surroundings {
  return { now: NOW, pods: [], replicaSets: [], slices: [], events: [], nodes: [READY_NODE], ...more }
}

function pod(parts: { metadata?: Partial<ObjectMeta>; spec?: Partial<Pod['spec']>; status?: Pod['status'] } = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta('hello-1', { labels: { app: 'hello' }, ...parts.metadata }),
    spec: { nodeName: 'a', containers: [{ name: 'main', image: 'team/hello:1' }], ...parts.spec },
    status: { phase: 'Pending', ...parts.status },
  }
}

function withContainer(state: Record<string, unknown>, more: Record<string, unknown> = {}): Pod['status'] {
  return {
    phase: 'Running',
    containerStatuses: [{ name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state, ...more }],
  } as Pod['status']
}

function waiting(reason: string, message: string): Pod['status'] {
  return { ...withContainer({ waiting: { reason, message } }), phase: 'Pending' }
}

const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } as const satisfies Pod['status']

function event(about: KubeObject | Pod, reason: string, message: string, more: Partial<Event> = {}): Event {
  const involvedObject = { uid: about.metadata.uid, ...more.involvedObject }
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: meta(`e-${reason}`),
    type: 'Warning',
    reason,
    message,
    lastTimestamp: '2026-01-01T11:59:50Z',
    ...more,
    involvedObject,
  } as Event
}

function explained(kind: typeof POD, object: unknown, given = around()) {
  return explain(kind, object as KubeObject, given)
}

function only(kind: typeof POD, object: unknown, given = around()) {
  const { findings } = explained(kind, object, given)
  expect(findings).toHaveLength(1)
  return findings[0]
}

describe('why a pod waits', () => {
  it('gives the scheduler’s reason and its cure apart', () => {
    const message = '0/2 nodes are available: 2 Insufficient cpu. Lower the pod’s cpu request to at most 2.'
    const pending = pod({
      spec: { nodeName: '' },
      status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
    })
    expect(only(POD, pending)).toEqual({
      about: 'pod/hello-1',
      cause: 'No node fits: 0/2 nodes are available: 2 Insufficient cpu.',
      cure: 'Lower the pod’s cpu request to at most 2.',
    })
  })

  it('says that no node is Ready when the scheduler has said nothing yet', () => {
    const node = { ...READY_NODE, status: { conditions: [{ type: 'Ready' as const, status: 'False' as const }] } }
    expect(only(POD, pod({ spec: { nodeName: '' } }), around({ nodes: [node] }))?.cause).toBe(
      'The pod has no node: no node is Ready.',
    )
  })

  it.each([
    [
      "pull access denied for team/hello, repository does not exist or may require 'docker login'",
      'docker build -t team/hello:1',
    ],
    ['manifest for team/hello:1 not found: manifest unknown', 'has no such tag'],
    ['toomanyrequests: You have reached your pull rate limit', 'docker login'],
    ['failed to register layer: write /usr/bin/app: no space left on device', 'docker system prune'],
    ['Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host', "can't be reached"],
    ['Get "https://r:5000/v2/": http: server gave HTTP response to HTTPS client', 'insecure-registries'],
    ['something new', 'docker pull team/hello:1'],
  ])('repeats the registry’s words and says what helps: %s', (words, cure) => {
    const finding = only(
      POD,
      pod({ status: waiting('ImagePullBackOff', `Back-off pulling image "team/hello:1": ErrImagePull: ${words}`) }),
    )
    expect(finding?.cause).toContain(`The image team/hello:1 of container main can't be had: ${words}`)
    expect(finding?.cure).toContain(cure)
  })

  it('tells how a container that crashes ended, and where its words are', () => {
    const lastState = { terminated: { exitCode: 3, reason: 'Error', message: 'no DATABASE_URL' } }
    const crashing = pod({
      metadata: { namespace: 'shop' },
      status: withContainer({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 4, lastState }),
    })
    expect(only(POD, crashing)).toMatchObject({
      cause:
        'Container main ends again and again, the last time with exit code 3 (4 restarts so far). Its last words: no DATABASE_URL.',
      cure: 'See what it said: kubectl logs hello-1 -c main --previous -n shop',
    })
  })

  it('names the memory limit of a container that was killed for it', () => {
    const limited = [{ name: 'main', image: 'i', resources: { limits: { memory: '64Mi' } } }]
    const status = withContainer(
      { waiting: { reason: 'CrashLoopBackOff' } },
      { restartCount: 1, lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
    )
    expect(only(POD, pod({ spec: { containers: limited }, status }))?.cure).toContain('now 64Mi')
  })

  it('repeats what the readiness probe found, of the right container', () => {
    const probe = { httpGet: { path: '/healthz', port: 8080 } }
    const object = pod({
      spec: { containers: [{ name: 'main', image: 'i', readinessProbe: probe }] },
      status: withContainer({ running: {} }, { started: true }),
    })
    const other = event(object, 'Unhealthy', 'Readiness probe failed: other', {
      involvedObject: { uid: object.metadata.uid, fieldPath: 'spec.containers{sidecar}' },
    })
    const ours = event(object, 'Unhealthy', 'Readiness probe failed: dial tcp 10.244.0.2:8080: connect: connection refused', {
      lastTimestamp: '2026-01-01T11:59:40Z',
      involvedObject: { uid: object.metadata.uid, fieldPath: 'spec.containers{main}' },
    })
    const finding = only(POD, object, around({ events: [other, ours] }))
    expect(finding?.cause).toContain('(20s ago): Readiness probe failed: dial tcp 10.244.0.2:8080')
    expect(finding?.cure).toContain('must listen on 0.0.0.0')
  })

  it.each([
    ['configmap "settings" not found', 'Create what the volume refers to'],
    ['hostPath type check failed: /data is not a directory', 'Mend what the volume needs on that node'],
    ['write /var/lib/skiff/x: no space left on device', 'make room'],
  ])('knows what helps a volume that can’t be mounted: %s', (words, cure) => {
    const object = pod({ status: waiting('ContainerCreating', '') })
    const failed = event(object, 'FailedMount', `MountVolume.SetUp failed for volume "v" : ${words}`)
    expect(only(POD, object, around({ events: [failed] }))?.cure).toContain(cure)
  })

  it('looks into the events while nothing is known of the container', () => {
    const object = pod({ status: waiting('ContainerCreating', '') })
    const conflict = event(object, 'HostPortConflict', "Failed to set up the pod's network: port 80/TCP is taken")
    expect(only(POD, object, around({ events: [conflict] }))).toMatchObject({
      cause: expect.stringContaining('port 80/TCP is taken'),
      cure: expect.stringContaining('another hostPort'),
    })
  })

  it('speaks of the init container that fails, not of those that wait for it', () => {
    const initContainerStatuses =
      withContainer(
        { waiting: { reason: 'CrashLoopBackOff' } },
        { name: 'migrate', restartCount: 2, lastState: { terminated: { exitCode: 1 } } },
      )?.containerStatuses ?? []
    const status = { ...waiting('PodInitializing', ''), initContainerStatuses }
    expect(only(POD, pod({ spec: { initContainers: [{ name: 'migrate', image: 'm' }] }, status }))?.cause).toContain(
      'Container migrate ends again',
    )
  })

  it('blames the node when the node is away', () => {
    const away: Node = {
      ...READY_NODE,
      status: {
        conditions: [
          { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', lastHeartbeatTime: '2026-01-01T11:58:00Z' },
        ],
      },
    }
    expect(only(POD, pod({ status: READY }), around({ nodes: [away] }))).toMatchObject({
      cause: expect.stringContaining("The pod's node a isn't Ready: Nothing has been heard of its agent for 2m"),
      cure: expect.stringContaining('systemctl restart skiff-agent'),
    })
  })

  it('tells of the node that keeps a pod from leaving', () => {
    const down: Node = {
      ...READY_NODE,
      status: { conditions: [{ type: 'Ready', status: 'False', message: 'container runtime is down: connection refused' }] },
    }
    const leaving = pod({ metadata: { deletionTimestamp: '2026-01-01T11:59:00Z' }, status: READY })
    expect(only(POD, leaving, around({ nodes: [down] }))).toMatchObject({
      cause:
        "The pod is being deleted, and waits for its node. The pod's node a isn't Ready: Its agent says: container runtime is down: connection refused.",
      cure: expect.stringContaining('Start Docker on a'),
    })
  })

  it('has nothing to find about a ready pod', () => {
    expect(explained(POD, pod({ status: READY }))).toEqual({ findings: [], fine: 'The pod runs on node a and is ready.' })
  })
})

describe('why a Service does not answer', () => {
  const service = (spec: Partial<Service['spec']> = {}): Service => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta('hello'),
    spec: { selector: { app: 'hello' }, ports: [{ port: 80, targetPort: 80 }], ...spec },
  })

  it('shows the pod whose labels come nearest when the selector matches none', () => {
    const finding = only(SERVICE, service({ selector: { app: 'helo' } }), around({ pods: [pod()] }))
    expect(finding?.cause).toBe(
      'No pod of the namespace has the labels that the Service selects (app=helo). The nearest is pod/hello-1, with app=hello.',
    )
  })

  it('says that the port’s name is nowhere', () => {
    const named = pod({
      spec: { containers: [{ name: 'main', image: 'i', ports: [{ containerPort: 80, name: 'web' }] }] },
      status: READY,
    })
    const finding = only(SERVICE, service({ ports: [{ port: 80, targetPort: 'http' }] }), around({ pods: [named] }))
    expect(finding?.cause).toBe(
      'Port 80 of the Service leads to the port named "http", which no container of its pods has (they name web).',
    )
  })

  it('gives its pods’ reasons, those that are alike once', () => {
    const pods = ['hello-1', 'hello-2'].map((name) =>
      pod({ metadata: { name, uid: name, labels: { app: 'hello' } }, status: waiting('ErrImagePull', 'manifest unknown') }),
    )
    const { findings } = explained(SERVICE, service(), around({ pods }))
    expect(findings.map(({ about }) => about)).toEqual(['service/hello', 'pod/hello-1 and 1 more'])
    expect(findings[0]?.cause).toBe('None of its 2 pods is ready.')
  })

  it('doubts a port that its pods don’t declare, when nothing else is wrong', () => {
    const slice = {
      metadata: meta('s', { labels: { 'kubernetes.io/service-name': 'hello' } }),
      ports: [{ port: 9999 }],
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    } as unknown as EndpointSlice
    const declaring = (containerPort: number) =>
      pod({ spec: { containers: [{ name: 'main', image: 'i', ports: [{ containerPort }] }] }, status: READY })
    const wrong = service({ ports: [{ port: 80, targetPort: 9999 }] })
    const finding = only(SERVICE, wrong, around({ pods: [declaring(8080)], slices: [slice] }))
    expect(finding?.cause).toBe('Port 80 of the Service leads to port 9999, and the containers of its pods declare 8080.')
    expect(explained(SERVICE, wrong, around({ pods: [declaring(9999)], slices: [slice] })).findings).toEqual([])
  })

  it('counts the endpoints of one that answers', () => {
    const slice = {
      metadata: meta('s', { labels: { 'kubernetes.io/service-name': 'hello' } }),
      ports: [{ port: 80 }],
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    } as unknown as EndpointSlice
    expect(explained(SERVICE, service(), around({ pods: [pod({ status: READY })], slices: [slice] }))).toEqual({
      findings: [],
      fine: 'The Service has 1 ready endpoint.',
    })
  })
})

describe('why a Deployment is not available', () => {
  const deployment = (parts: Partial<Deployment> = {}): Deployment => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('hello'),
    spec: { replicas: 1, selector: {}, template: {} } as unknown as Deployment['spec'],
    ...parts,
  })
  const set = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta('hello-rs', {
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'hello', uid: 'uid-hello', controller: true }],
    }),
    spec: {},
  } as unknown as ReplicaSet
  const owned = {
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'hello-rs', uid: 'uid-hello-rs', controller: true }],
  }

  it('adds what its pods lack to the missed deadline', () => {
    const status = {
      conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
    } as Deployment['status']
    const pods = [pod({ metadata: owned, status: waiting('ErrImagePull', 'manifest unknown') })]
    const { findings } = explained(DEPLOYMENT, deployment(status ? { status } : {}), around({ replicaSets: [set], pods }))
    expect(findings.map(({ about, cure }) => [about, cure.split(':')[0]])).toEqual([
      ['deployment/hello', 'Mend the template, or go back'],
      ['pod/hello-1', 'The registry has no such tag'],
    ])
  })

  it('finds the refusal that its ReplicaSet met', () => {
    const refused = event(
      set as unknown as KubeObject,
      'FailedCreate',
      'Error creating: pods "x" is forbidden: violates PodSecurity "baseline"',
    )
    expect(only(DEPLOYMENT, deployment(), around({ replicaSets: [set], events: [refused] }))).toMatchObject({
      cause: expect.stringContaining('violates PodSecurity'),
      cure: expect.stringContaining('pod-security.kubernetes.io/enforce'),
    })
  })

  it('asks the same of a ReplicationController', () => {
    const controller = { ...deployment(), apiVersion: 'v1', kind: 'ReplicationController' } as unknown as Deployment
    const kind = { kind: 'ReplicationController', group: '', singular: 'replicationcontroller' }
    expect(only(kind, controller)).toMatchObject({ cause: expect.stringContaining("1 of its pods don't exist yet") })
  })

  it('is content with 0 of 0', () => {
    const none = deployment({ spec: { ...deployment().spec, replicas: 0 } })
    expect(explained(DEPLOYMENT, none)).toEqual({ findings: [], fine: 'It is scaled to 0: it should have no pods.' })
  })
})

describe('why an object of a kind without a controller does nothing', () => {
  const kind = { kind: 'StatefulSet', group: 'apps', singular: 'statefulset' }
  const set = (status: object) => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: meta('db'), status })

  it('is that nobody acts on it, and there is another way', () => {
    expect(only(kind, set({ replicas: 0, availableReplicas: 0 }))).toEqual({
      about: 'statefulset/db',
      cause: 'Skiff has no controller for a StatefulSet yet: it is stored, and nothing acts on it.',
      cure: expect.stringContaining('Use Deployments'),
    })
  })

  it('is not said where a controller from elsewhere has told of it', () => {
    expect(explained(kind, set({ replicas: 0, observedGeneration: 1 })).findings).toEqual([])
  })
})

describe('why a node takes no pods', () => {
  it('repeats its agent’s reason', () => {
    const sick: Node = {
      ...READY_NODE,
      status: { conditions: [{ type: 'Ready', status: 'False', message: 'container runtime is down: connection refused' }] },
    }
    expect(only(NODE, sick)).toMatchObject({
      cause: 'Its agent says: container runtime is down: connection refused.',
      cure: expect.stringContaining('Start Docker on a'),
    })
  })

  it('says that it is cordoned', () => {
    expect(only(NODE, { ...READY_NODE, spec: { unschedulable: true } })?.cure).toBe('kubectl uncordon a')
  })
})

describe('an autoscaler', () => {
  const withConditions = (...conditions: object[]) =>
    explain(
      AUTOSCALER,
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: meta('web'),
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3 },
        status: { desiredReplicas: 2, conditions },
      } as KubeObject,
      around(),
    )
  const active = { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound' }

  it.each([
    [
      { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: 'no such thing' },
      'Correct spec.scaleTargetRef, or create the Deployment web.',
    ],
    [
      { ...active, status: 'False', message: 'missing request for cpu in container main of Pod web-1' },
      'Give container main a request of cpu: what it uses is held against that.',
    ],
    [{ ...active, status: 'False', reason: 'ScalingDisabled', message: 'disabled' }, 'kubectl scale deployment web --replicas=1'],
    [
      { type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas' },
      'Raise spec.maxReplicas, if the nodes have room for more.',
    ],
  ])('says what helps against %j', (condition, cure) => {
    expect(withConditions(condition).findings).toEqual([expect.objectContaining({ about: 'horizontalpodautoscaler/web', cure })])
  })

  it('that does its work is fine', () => {
    const limited = { type: 'ScalingLimited', status: 'False', reason: 'DesiredWithinRange' }
    expect(withConditions(active, limited)).toEqual({ findings: [], fine: 'It has Deployment web run 2 pods.' })
  })
})
