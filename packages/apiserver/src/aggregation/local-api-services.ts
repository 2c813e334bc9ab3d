import {
  API_SERVICES,
  type APIService,
  CUSTOM_RESOURCE_DEFINITIONS,
  isAlreadyExists,
  isNotFound,
  type KubeObject,
  rfc3339,
  setCondition,
} from '@skiff/api'
import { asApiServer } from '../admission/as-api-server.ts'
import { prefixOf } from '../registry/keys.ts'
import { watchChanges } from '../registry/watch-changes.ts'
import type { AggregationOptions } from './index.ts'

const MANAGED_LABEL = 'kube-aggregator.kubernetes.io/automanaged'
/** Groups in upstream's order of preference; those that come with custom kinds are behind them all. */
const PRIORITIES: Readonly<Record<string, number>> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
}
const VERSION_PRIORITY = 15
const CUSTOM_PRIORITY = { group: 1_000, version: 100 }

interface GroupVersion {
  readonly group: string
  readonly version: string
  readonly custom: boolean
}

/** Every group and version that this server serves has an APIService that says so; it goes when its kinds go. */
export function keepLocalApiServices({ registry, virtualResources, clock, logger, signal }: AggregationOptions): void {
  const { store } = registry

  async function reconcile(): Promise<void> {
    const wanted = new Map(served().map((each) => [nameOf(each), each]))
    for (const [name, groupVersion] of wanted) {
      if (registry.objects.get(API_SERVICES, { name }) === undefined) await create(groupVersion)
    }
    for (const service of registry.objects.list<APIService>(API_SERVICES)) {
      const managed = service.metadata.labels?.[MANAGED_LABEL] !== undefined
      if (managed && !wanted.has(service.metadata.name)) await remove(service.metadata.name)
    }
  }

  function served(): GroupVersion[] {
    const stored = registry.all().map(({ info, definition }) => ({ ...info, custom: definition.custom !== undefined }))
    const virtual = virtualResources
      .filter(({ isUnlisted }) => isUnlisted !== true)
      .map(({ info }) => ({ ...info, custom: false }))
    return [...stored, ...virtual].filter(({ group }) => group !== API_SERVICES.group)
  }

  async function create(groupVersion: GroupVersion): Promise<void> {
    const { status, ...service } = localApiService(groupVersion, clock())
    const kind = registry.find(API_SERVICES)
    await kind?.create(service, '', asApiServer()).catch(ignore(isAlreadyExists))
    const change = {
      subresource: 'status' as const,
      createIfMissing: false,
      apply: (old: KubeObject | undefined) => ({ ...structuredClone(old), status }) as unknown as KubeObject,
    }
    await kind?.update({ namespace: '', name: nameOf(groupVersion) }, change, asApiServer()).catch(ignore(isNotFound))
  }

  async function remove(name: string): Promise<void> {
    await registry.find(API_SERVICES)?.delete({ namespace: '', name }, {}, asApiServer()).catch(ignore(isNotFound))
  }

  let running = Promise.resolve()
  const run = () => {
    running = running.then(reconcile).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ err: error }, 'APIServices of this server were not brought up to date')
    })
  }
  run()
  for (const info of [API_SERVICES, CUSTOM_RESOURCE_DEFINITIONS]) {
    watchChanges({ store, prefix: prefixOf(info), signal, onChange: () => queueMicrotask(run) })
  }
}

function nameOf({ group, version }: Pick<GroupVersion, 'group' | 'version'>): string {
  return `${version}.${group}`
}

function localApiService({ group, version, custom }: GroupVersion, now: Date): APIService {
  const available = {
    type: 'Available',
    status: 'True',
    reason: 'Local',
    message: 'Local APIServices are always available',
    lastTransitionTime: rfc3339(now),
  }
  const major = Number(/^v(\d+)/.exec(version)?.[1] ?? 1)
  const priority = custom ? CUSTOM_PRIORITY.version : group === '' ? 1 : VERSION_PRIORITY * major
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: nameOf({ group, version }), labels: { [MANAGED_LABEL]: custom ? 'true' : 'onstart' } },
    spec: {
      ...(group === '' ? {} : { group }),
      version,
      groupPriorityMinimum: PRIORITIES[group] ?? CUSTOM_PRIORITY.group,
      versionPriority: priority,
    },
    status: { conditions: [...setCondition([], available as never, now)] },
  } as unknown as APIService
}

function ignore(expected: (error: unknown) => boolean): (error: unknown) => void {
  return (error) => {
    if (!expected(error)) throw error
  }
}
