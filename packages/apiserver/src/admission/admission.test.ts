import { NAMESPACES, PODS, type Pod, PRIORITY_CLASSES, SERVICE_ACCOUNTS } from '@skiff/api'
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
