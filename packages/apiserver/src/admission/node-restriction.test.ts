import type { KubeObject } from '@skiff/api'
import { LEASES, NODES, PERSISTENT_VOLUME_CLAIMS, PODS } from '@skiff/api'
import { expect, test } from 'vitest'
import type { AdmissionRequest } from '../http/request-context.ts'
import { refuseForeignNodeWrite } from './node-restriction.ts'

const own = (spec: object = {}) => ({ metadata: { name: 'p' }, spec: { nodeName: 'n1', containers: [], ...spec } })
const mirror = (spec: object) => ({ ...own(spec), metadata: { name: 'p', annotations: { 'kubernetes.io/config.mirror': 'x' } } })
const node = (metadata: object = {}, taints: readonly object[] = []) => ({
  metadata: { name: 'n1', ...metadata },
  spec: { taints },
})
const claim = (status: object) => ({ metadata: { name: 'c' }, spec: {}, status })

const request = (info: AdmissionRequest['info'], operation: string, object: object | undefined, rest: object = {}) =>
  ({
    info,
    operation,
    object,
    subresource: '',
    namespace: 'default',
    name: 'n1',
    old: undefined,
    ...rest,
  }) as unknown as AdmissionRequest

test.each([
  [request(NODES, 'UPDATE', node({ name: 'n2' })), 'is not allowed to modify node "n2"'],
  [
    request(NODES, 'CREATE', node({ labels: { 'node-role.kubernetes.io/master': '', 'example.com/a': 'b' } })),
    'is not allowed to set the following labels: node-role.kubernetes.io/master',
  ],
  [
    request(NODES, 'UPDATE', node({ labels: { 'node-restriction.kubernetes.io/pool': 'x' } }), { old: node() }),
    'is not allowed to modify labels: node-restriction.kubernetes.io/pool',
  ],
  [request(NODES, 'UPDATE', node(), { old: node({}, [{ key: 'a' }]) }), 'is not allowed to modify taints'],
  [request(NODES, 'UPDATE', node({ labels: { 'topology.kubernetes.io/zone': 'z' } }), { old: node() }), undefined],
  [request(PODS, 'CREATE', own()), 'can only create mirror pods of its own'],
  [request(PODS, 'CREATE', mirror({ serviceAccountName: 'a' })), 'can not create pods that reference a service account'],
  [request(PODS, 'CREATE', mirror({ volumes: [{ secret: {} }] })), 'can not create pods that reference secrets'],
  [request(PODS, 'CREATE', mirror({})), undefined],
  [
    request(PODS, 'UPDATE', own(), { subresource: 'status', old: own({ nodeName: 'n2' }) }),
    'can only update pod status for pods',
  ],
  [request(PODS, 'DELETE', undefined, { old: own({ nodeName: 'n2' }) }), 'can only delete pods with spec.nodeName set to itself'],
  [
    request(PODS, 'CREATE', {}, { subresource: 'eviction', name: 'foreign' }),
    'can only evict pods with spec.nodeName set to itself',
  ],
  [
    request(LEASES, 'UPDATE', { metadata: { name: 'n1' } }, { namespace: 'kube-system' }),
    'can only access leases in the "kube-node-lease"',
  ],
  [request(PERSISTENT_VOLUME_CLAIMS, 'UPDATE', claim({}), { old: claim({}) }), 'may only update PVC status'],
  [
    request(PERSISTENT_VOLUME_CLAIMS, 'UPDATE', claim({ phase: 'Lost' }), {
      subresource: 'status',
      old: claim({ phase: 'Bound' }),
    }),
    'is not allowed to update fields other than status.quantity and status.conditions',
  ],
])('a node’s write %# is refused with %s', (write, problem) => {
  const user = { name: 'system:node:n1', groups: ['system:nodes'] }
  const objects = { get: <T = KubeObject>() => own({ nodeName: 'n2' }) as T, list: () => [] }
  const judge = () => refuseForeignNodeWrite({ ...write, user }, objects)

  if (problem === undefined) expect(judge).not.toThrow()
  else expect(judge).toThrow(problem)
})
