import {
  INGRESS_CLASSES,
  INGRESSES,
  type Ingress,
  NAMESPACES,
  NODES,
  type Node,
  PERSISTENT_VOLUME_CLAIMS,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  PRIORITY_CLASSES,
  RUNTIME_CLASSES,
  SERVICE_ACCOUNTS,
  STORAGE_CLASSES,
  VOLUME_ATTRIBUTES_CLASSES,
  type VolumeAttributesClass,
} from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import { describe, expect, test } from 'vitest'
import { startAccessCluster } from '../auth/testing/access-cluster.ts'

const DEFAULT_ACCOUNT = { metadata: { name: 'default', namespace: 'default' } }
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'

const pod = (spec: object = {}, name = 'p', namespace = 'default') =>
  ({ metadata: { name, namespace }, spec: { containers: [{ name: 'c', image: 'x' }], ...spec } }) as object

describe('a new pod', () => {
  test('runs as the default account, with a token of its own', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)

    const created = await cluster.root.create<Pod>(PODS, pod())

    expect(created.spec.serviceAccountName).toBe('default')
    const [volume] = created.spec.volumes ?? []
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/)
    expect(volume?.projected?.sources?.[0]).toEqual({ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } })
    expect(created.spec.containers[0]?.volumeMounts).toEqual([{ name: volume?.name, readOnly: true, mountPath: MOUNT_PATH }])
  })

  test('has no token when the pod, or its account, says so', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { ...DEFAULT_ACCOUNT, automountServiceAccountToken: false } as object)

    const byAccount = await cluster.root.create<Pod>(PODS, pod({}, 'a'))
    const byPod = await cluster.root.create<Pod>(PODS, pod({ automountServiceAccountToken: true }, 'b'))

    expect(byAccount.spec.volumes ?? []).toEqual([])
    expect(byPod.spec.volumes).toHaveLength(1)
  })

  test('keeps what it mounts there itself', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)
    const containers = [{ name: 'c', image: 'x', volumeMounts: [{ name: 'own', mountPath: MOUNT_PATH }] }]

    const created = await cluster.root.create<Pod>(PODS, pod({ containers, volumes: [{ name: 'own', emptyDir: {} }] }))

    expect(created.spec.volumes).toHaveLength(1)
  })

  test('inherits the account’s pull secrets', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, { ...DEFAULT_ACCOUNT, imagePullSecrets: [{ name: 'registry' }] } as object)

    const created = await cluster.root.create<Pod>(PODS, pod())

    expect(created.spec.imagePullSecrets).toEqual([{ name: 'registry' }])
  })

  test('is refused when its account does not exist', async () => {
    await using cluster = await startAccessCluster()

    await expect(cluster.root.create(PODS, pod({ serviceAccountName: 'nobody' }))).rejects.toMatchObject({
      code: 403,
      message: 'pods "p" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
    })
  })

  test('waits for the default account of a namespace that is only just there', async () => {
    await using cluster = await startAccessCluster()

    const creating = cluster.root.create<Pod>(PODS, pod())
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)

    await expect(creating).resolves.toMatchObject({ spec: { serviceAccountName: 'default' } })
  })
})

describe('the priority of a new pod', () => {
  const startCluster = async () => {
    const cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)
    return cluster
  }
  const priorityClass = (name: string, value: number, rest: object = {}) => ({ metadata: { name }, value, ...rest }) as object

  test('is 0 without a class, and its class’s with one', async () => {
    await using cluster = await startCluster()
    await cluster.root.create(PRIORITY_CLASSES, priorityClass('high', 7, { preemptionPolicy: 'Never' }))

    const plain = await cluster.root.create<Pod>(PODS, pod({}, 'plain'))
    const high = await cluster.root.create<Pod>(PODS, pod({ priorityClassName: 'high' }, 'high'))

    expect(plain.spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' })
    expect(high.spec).toMatchObject({ priority: 7, preemptionPolicy: 'Never' })
  })

  test('is that of the default class, of which there can be only one', async () => {
    await using cluster = await startCluster()
    await cluster.root.create(PRIORITY_CLASSES, priorityClass('p20', 20, { globalDefault: true }))

    const created = await cluster.root.create<Pod>(PODS, pod())

    await expect(cluster.root.create(PRIORITY_CLASSES, priorityClass('p30', 30, { globalDefault: true }))).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('PriorityClass p20 is already marked as default. Only one default can exist'),
    })
    expect(created.spec).toMatchObject({ priorityClassName: 'p20', priority: 20 })
  })

  test('must not be given as a number, nor by a class that does not exist', async () => {
    await using cluster = await startCluster()

    await expect(cluster.root.create(PODS, pod({ priority: 5 }))).rejects.toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    })
    await expect(cluster.root.create(PODS, pod({ priorityClassName: 'nope' }))).rejects.toMatchObject({
      code: 403,
      message: 'pods "p" is forbidden: no PriorityClass with name nope was found',
    })
  })
})

describe('pod security', () => {
  const PRIVILEGED = { containers: [{ name: 'c', image: 'x', securityContext: { privileged: true } }] }

  test('warns by default, for pods and for what makes pods', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)
    const template = { metadata: { labels: { app: 'a' } }, spec: PRIVILEGED }
    const deployment = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'a' } }, template } }

    const warnings = [
      await warningOf(cluster.root, '/api/v1/namespaces/default/pods', pod(PRIVILEGED)),
      await warningOf(cluster.root, '/apis/apps/v1/namespaces/default/deployments', deployment),
    ]

    const text =
      'would violate PodSecurity \\"baseline:latest\\": privileged (container \\"c\\" must not set securityContext.privileged=true)'
    expect(warnings).toEqual([`299 - "${text}"`, `299 - "${text}"`])
  })

  test('refuses by the namespace’s label, and names it', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)
    await label(cluster.root, { 'pod-security.kubernetes.io/enforce': 'baseline' })

    await expect(cluster.root.create(PODS, pod(PRIVILEGED))).rejects.toMatchObject({
      code: 403,
      message: expect.stringMatching(
        /violates PodSecurity "baseline:latest": privileged .*label pod-security.kubernetes.io\/enforce=baseline/,
      ),
    })
    await expect(cluster.root.create(PODS, pod())).resolves.toBeDefined()
  })

  test('refuses everywhere by --pod-security-default baseline, unless a label allows it', async () => {
    await using cluster = await startAccessCluster({ podSecurityDefault: 'baseline' })
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)

    await expect(cluster.root.create(PODS, pod(PRIVILEGED))).rejects.toMatchObject({ code: 403 })
    await label(cluster.root, { 'pod-security.kubernetes.io/enforce': 'privileged' })
    await expect(cluster.root.create(PODS, pod(PRIVILEGED))).resolves.toBeDefined()
  })

  test('has the words of the version that a label names, and holds only what was known then', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)
    await label(cluster.root, {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'v1.7',
    })

    const refused = cluster.root.create(PODS, pod(PRIVILEGED))

    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining('violates PodSecurity "restricted:v1.7": privileged'),
    })
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('allowPrivilegeEscalation') })
  })

  test('refuses labels that mean nothing, and tells which pods are beyond a new level', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)
    await cluster.root.create(PODS, pod(PRIVILEGED, 'strong'))

    const refused = label(cluster.root, { 'pod-security.kubernetes.io/enforce': 'strict' })
    await expect(refused).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('must be one of privileged, baseline, restricted'),
    })

    const metadata = { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } }
    const { headers } = await cluster.root.request('PATCH', '/api/v1/namespaces/default', {
      body: { metadata },
      contentType: 'application/merge-patch+json',
    })
    expect(headers.warning).toContain(
      'existing pods in namespace \\"default\\" violate the new PodSecurity enforce level \\"baseline:latest\\"',
    )
    expect(headers.warning).toContain('strong: privileged')
  })
})

describe('what a new object gets by default', () => {
  const claim = (name: string, spec: object = {}) =>
    ({
      metadata: { name, namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    }) as object
  const byDefault = (annotation: string) => ({ annotations: { [annotation]: 'true' } })

  test('a claim: the newest default class, and a finalizer while it is used', async () => {
    await using cluster = await startAccessCluster()
    const annotation = byDefault('storageclass.kubernetes.io/is-default-class')
    for (const name of ['b', 'a']) {
      await cluster.root.create(STORAGE_CLASSES, { metadata: { name, ...annotation }, provisioner: 'x' } as object)
    }

    const created = await cluster.root.create<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, claim('c'))
    const without = await cluster.root.create<PersistentVolumeClaim>(
      PERSISTENT_VOLUME_CLAIMS,
      claim('d', { storageClassName: '' }),
    )

    expect(['a', 'b']).toContain(created.spec.storageClassName)
    expect(created.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection'])
    expect(without.spec.storageClassName).toBe('')
  })

  test('a VolumeAttributesClass: a finalizer while it is used', async () => {
    await using cluster = await startAccessCluster()

    const created = await cluster.root.create<VolumeAttributesClass>(VOLUME_ATTRIBUTES_CLASSES, {
      metadata: { name: 'gold' },
      driverName: 'disks.example.com',
      parameters: { iops: '5000' },
    } as object)

    expect(created.metadata.finalizers).toEqual(['kubernetes.io/vac-protection'])
  })

  test('a claim grows only when it is bound and its class allows it', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(STORAGE_CLASSES, { metadata: { name: 'fixed' }, provisioner: 'x' } as object)
    await cluster.root.create(PERSISTENT_VOLUME_CLAIMS, claim('c', { storageClassName: 'fixed' }))
    const ref = { name: 'c', namespace: 'default' }
    const grow = () =>
      cluster.root.patch(PERSISTENT_VOLUME_CLAIMS, ref, {
        type: 'merge',
        body: { spec: { resources: { requests: { storage: '2Gi' } } } },
      })

    await expect(grow()).rejects.toMatchObject({
      message: expect.stringMatching(/Only bound persistent volume claims can be expanded|field is immutable|spec is immutable/),
    })
    await cluster.root.patch(
      PERSISTENT_VOLUME_CLAIMS,
      { ...ref, subresource: 'status' },
      { type: 'merge', body: { status: { phase: 'Bound' } } },
    )
    await expect(grow()).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining(
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      ),
    })
    await cluster.root.patch(STORAGE_CLASSES, { name: 'fixed' }, { type: 'merge', body: { allowVolumeExpansion: true } })
    await expect(grow()).resolves.toBeDefined()
  })

  test('an Ingress: the default class, unless it names one in whichever way', async () => {
    await using cluster = await startAccessCluster()
    const metadata = { name: 'main', ...byDefault('ingressclass.kubernetes.io/is-default-class') }
    await cluster.root.create(INGRESS_CLASSES, { metadata, spec: { controller: 'example.com/c' } } as object)
    const ingress = (name: string, annotations: object = {}) =>
      ({
        metadata: { name, namespace: 'default', annotations },
        spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
      }) as object

    const created = await cluster.root.create<Ingress>(INGRESSES, ingress('i'))
    const named = await cluster.root.create<Ingress>(INGRESSES, ingress('j', { 'kubernetes.io/ingress.class': 'old' }))

    expect([created.spec.ingressClassName, named.spec.ingressClassName]).toEqual(['main', undefined])
  })

  test('a pod: what its runtime class costs and where it runs', async () => {
    await using cluster = await startAccessCluster()
    await cluster.root.create(SERVICE_ACCOUNTS, DEFAULT_ACCOUNT)
    const overhead = { podFixed: { cpu: '100m' } }
    const scheduling = { nodeSelector: { sandboxed: 'yes' }, tolerations: [{ key: 'sandbox', operator: 'Exists' }] }
    await cluster.root.create(RUNTIME_CLASSES, { metadata: { name: 'safe' }, handler: 'h', overhead, scheduling } as object)

    const { spec } = await cluster.root.create<Pod>(PODS, pod({ runtimeClassName: 'safe' }))

    expect(spec).toMatchObject({ overhead: overhead.podFixed, nodeSelector: scheduling.nodeSelector })
    expect(spec.tolerations).toEqual(expect.arrayContaining(scheduling.tolerations))
    await expect(cluster.root.create(PODS, pod({ runtimeClassName: 'none' }, 'q'))).rejects.toMatchObject({
      message: 'pods "q" is forbidden: pod rejected: RuntimeClass "none" not found',
    })
    await expect(
      cluster.root.create(PODS, pod({ runtimeClassName: 'safe', nodeSelector: { sandboxed: 'no' } }, 'q')),
    ).rejects.toMatchObject({
      message: expect.stringContaining(
        'conflict: runtimeClass.scheduling.nodeSelector[sandboxed] = yes; pod.spec.nodeSelector[sandboxed] = no',
      ),
    })
    await expect(cluster.root.create(PODS, pod({ overhead: { cpu: '1' } }, 'q'))).rejects.toMatchObject({
      message: expect.stringContaining('Pod Overhead set without corresponding RuntimeClass defined Overhead'),
    })
  })

  test('a node: a taint that keeps pods away until it is ready', async () => {
    await using cluster = await startAccessCluster()

    const created = await cluster.root.create<Node>(NODES, { metadata: { name: 'n' } })

    expect(created.spec.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }])
  })
})

describe('the first namespaces', () => {
  test('can not be deleted', async () => {
    await using cluster = await startAccessCluster({ namespaces: ['mine'] })

    for (const name of ['default', 'kube-system']) {
      await expect(cluster.root.delete(NAMESPACES, { name })).rejects.toMatchObject({
        message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
      })
    }
    await expect(cluster.root.delete(NAMESPACES, { name: 'mine' })).resolves.toBeUndefined()
  })
})

async function warningOf(client: ApiClient, path: string, body: object): Promise<unknown> {
  const { headers } = await client.request('POST', path, { body })
  return headers.warning
}

async function label(client: ApiClient, labels: Record<string, string>): Promise<void> {
  await client.patch(NAMESPACES, { name: 'default' }, { type: 'merge', body: { metadata: { labels } } })
}
