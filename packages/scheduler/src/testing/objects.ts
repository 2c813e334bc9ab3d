import type { Node, ObjectMeta, Pod, Service } from '@skiff/api'

/** A pod as the API server would store it, with the parts that a test cares about. */
export function aPod(name: string, spec: Partial<Pod['spec']> = {}, metadata: Partial<ObjectMeta> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metaOf(name), namespace: 'default', ...metadata },
    spec: { schedulerName: 'default-scheduler', containers: [{ name: 'main', image: 'hello' }], ...spec },
  }
}

export function aPodRequesting(name: string, requests: Record<string, string>, metadata: Partial<ObjectMeta> = {}): Pod {
  return aPod(name, { containers: [{ name: 'main', image: 'hello', resources: { requests } }] }, metadata)
}

/** A ready node with 4 cores, 8Gi and room for 110 pods. */
export function aNode(
  name: string,
  parts: { spec?: Node['spec']; status?: Node['status']; labels?: Record<string, string> } = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...metaOf(name), labels: { 'kubernetes.io/hostname': name, ...parts.labels } },
    spec: parts.spec ?? {},
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
      ...parts.status,
    },
  }
}

export function aService(name: string, selector: Record<string, string>): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { ...metaOf(name), namespace: 'default' }, spec: { selector } }
}

export function ownedBy(uid: string): Partial<ObjectMeta> {
  return { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: uid, uid, controller: true }] }
}

function metaOf(name: string): ObjectMeta {
  return { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
}
