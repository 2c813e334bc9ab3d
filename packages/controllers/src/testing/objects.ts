import type {
  Deployment,
  Node,
  ObjectMeta,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  Service,
  StorageClass,
  VolumeAttributesClass,
} from '@skiff/api'

/** Stored objects with the parts that a test cares about. */

export const NOW = new Date('2026-01-01T12:00:00Z')

export function metaOf(name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  return { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...more }
}

export function aPod(
  name: string,
  parts: { metadata?: Partial<ObjectMeta>; spec?: Partial<Pod['spec']>; status?: Pod['status'] } = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metaOf(name, { namespace: 'default', ...parts.metadata }),
    spec: { containers: [{ name: 'main', image: 'hello' }], ...parts.spec },
    status: parts.status ?? {},
  }
}

export const READY = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T11:00:00Z' } as const

export function aRunningPod(name: string, parts: Parameters<typeof aPod>[1] = {}): Pod {
  const status = { phase: 'Running' as const, podIP: '10.244.0.5', conditions: [{ ...READY }], ...parts.status }
  return aPod(name, { ...parts, spec: { nodeName: 'node-1', ...parts.spec }, status })
}

export function aDeployment(
  parts: { metadata?: Partial<ObjectMeta>; spec?: Partial<Deployment['spec']>; status?: Deployment['status'] } = {},
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metaOf('hello', { namespace: 'default', generation: 1, ...parts.metadata }),
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'hello' } },
      template: { metadata: { labels: { app: 'hello' } }, spec: { containers: [{ name: 'main', image: 'hello:1' }] } },
      ...parts.spec,
    },
    ...(parts.status ? { status: parts.status } : {}),
  }
}

export function aReplicaSet(
  name: string,
  parts: { metadata?: Partial<ObjectMeta>; spec?: Partial<ReplicaSet['spec']>; status?: ReplicaSet['status'] } = {},
): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metaOf(name, { namespace: 'default', generation: 1, ...parts.metadata }),
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'hello' } },
      template: { metadata: { labels: { app: 'hello' } }, spec: { containers: [{ name: 'main', image: 'hello:1' }] } },
      ...parts.spec,
    },
    ...(parts.status ? { status: parts.status } : {}),
  }
}

export function aService(name: string, spec: Partial<Service['spec']> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metaOf(name, { namespace: 'default' }),
    spec: {
      selector: { app: 'hello' },
      clusterIP: '10.96.0.20',
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
  }
}

export function aNode(
  name: string,
  parts: { metadata?: Partial<ObjectMeta>; spec?: Node['spec']; status?: Node['status'] } = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metaOf(name, parts.metadata),
    spec: parts.spec ?? {},
    status: parts.status ?? { conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

export function aClaim(
  name: string,
  parts: {
    metadata?: Partial<ObjectMeta>
    spec?: Partial<PersistentVolumeClaim['spec']>
    status?: PersistentVolumeClaim['status']
  } = {},
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: metaOf(name, { namespace: 'default', ...parts.metadata }),
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: '',
      volumeMode: 'Filesystem',
      ...parts.spec,
    },
    status: parts.status ?? { phase: 'Pending' },
  }
}

export function aVolume(
  name: string,
  parts: {
    metadata?: Partial<ObjectMeta>
    spec?: Partial<PersistentVolume['spec']>
    status?: PersistentVolume['status']
  } = {},
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: metaOf(name, parts.metadata),
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
      hostPath: { path: '/data' },
      ...parts.spec,
    },
    status: parts.status ?? { phase: 'Available' },
  }
}

export function aStorageClass(name: string, parts: Partial<StorageClass> = {}): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: metaOf(name),
    provisioner: 'example.com/disks',
    volumeBindingMode: 'Immediate',
    reclaimPolicy: 'Delete',
    ...parts,
  } as StorageClass
}

export function anAttributesClass(name: string, metadata: Partial<ObjectMeta> = {}): VolumeAttributesClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttributesClass',
    metadata: metaOf(name, metadata),
    driverName: 'disks.example.com',
    parameters: { iops: '5000' },
  }
}
