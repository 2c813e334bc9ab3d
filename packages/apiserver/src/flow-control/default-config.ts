/** Upstream's priority levels and flow schemas: who shares with whom, and who comes first. */

import type { Draft, FlowSchema, PriorityLevelConfiguration } from '@skiff/api'

const API_VERSION = 'flowcontrol.apiserver.k8s.io/v1'
const ALL = ['*']

type LevelDraft = Draft<PriorityLevelConfiguration> & Pick<PriorityLevelConfiguration, 'spec'>
type SchemaDraft = Draft<FlowSchema> & Pick<FlowSchema, 'spec'>
type Rules = NonNullable<FlowSchema['spec']['rules']>[number]
type Subject = Rules['subjects'][number]
type ResourceRule = NonNullable<Rules['resourceRules']>[number]

export function defaultPriorityLevels(): LevelDraft[] {
  return [
    level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    limited('catch-all', { shares: 5, lendable: 0 }),
    limited('node-high', { shares: 40, lendable: 25, queues: 64, handSize: 6 }),
    limited('system', { shares: 30, lendable: 33, queues: 64, handSize: 6 }),
    limited('leader-election', { shares: 10, lendable: 0, queues: 16, handSize: 4 }),
    limited('workload-high', { shares: 40, lendable: 50, queues: 128, handSize: 6 }),
    limited('workload-low', { shares: 100, lendable: 90, queues: 128, handSize: 6 }),
    limited('global-default', { shares: 20, lendable: 50, queues: 128, handSize: 6 }),
  ]
}

const QUEUE_LENGTH = 50

function limited(
  name: string,
  { shares, lendable, queues, handSize }: { shares: number; lendable: number; queues?: number; handSize?: number },
): LevelDraft {
  const queuing =
    queues === undefined || handSize === undefined ? undefined : { queues, handSize, queueLengthLimit: QUEUE_LENGTH }
  const limitResponse = queuing === undefined ? { type: 'Reject' } : { type: 'Queue', queuing }
  return level(name, { type: 'Limited', limited: { nominalConcurrencyShares: shares, lendablePercent: lendable, limitResponse } })
}

function level(name: string, spec: PriorityLevelConfiguration['spec']): LevelDraft {
  return { apiVersion: API_VERSION, kind: 'PriorityLevelConfiguration', metadata: metadata(name), spec }
}

function metadata(name: string) {
  return { name, annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } }
}

const EVERYBODY = ['system:unauthenticated', 'system:authenticated'].map(group)
const CONTROLLERS = user('system:kube-controller-manager')
const SCHEDULER = user('system:kube-scheduler')
const KUBE_SYSTEM_ACCOUNTS = account('*')
const NODES = group('system:nodes')

export function defaultFlowSchemas(): SchemaDraft[] {
  return [
    schema('exempt', 'exempt', 1, undefined, everything([group('system:masters')])),
    schema('probes', 'exempt', 2, undefined, {
      subjects: EVERYBODY,
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    }),
    schema('system-leader-election', 'leader-election', 100, 'ByUser', {
      subjects: [CONTROLLERS, SCHEDULER, KUBE_SYSTEM_ACCOUNTS],
      resourceRules: [resources(LOCK_VERBS, 'coordination.k8s.io', ['leases'], ['kube-system'])],
    }),
    schema('endpoint-controller', 'workload-high', 150, 'ByUser', {
      subjects: [CONTROLLERS, account('endpoint-controller'), account('endpointslicemirroring-controller')],
      resourceRules: [
        resources(LOCK_VERBS, '', ['endpoints'], ALL),
        resources(LOCK_VERBS, 'discovery.k8s.io', ['endpointslices'], ALL),
      ],
    }),
    schema('workload-leader-election', 'leader-election', 200, 'ByUser', {
      subjects: [KUBE_SYSTEM_ACCOUNTS],
      resourceRules: [resources(LOCK_VERBS, 'coordination.k8s.io', ['leases'], ALL)],
    }),
    schema('system-node-high', 'node-high', 400, 'ByUser', {
      subjects: [NODES],
      resourceRules: [
        { ...resources(ALL, '', ['nodes', 'nodes/status'], []), clusterScope: true },
        resources(ALL, 'coordination.k8s.io', ['leases'], ['kube-node-lease']),
      ],
    }),
    schema('system-nodes', 'system', 500, 'ByUser', everything([NODES])),
    schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', everything([CONTROLLERS])),
    schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', everything([SCHEDULER])),
    schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', everything([KUBE_SYSTEM_ACCOUNTS])),
    schema('service-accounts', 'workload-low', 9000, 'ByUser', everything([group('system:serviceaccounts')])),
    schema('global-default', 'global-default', 9900, 'ByUser', everything(EVERYBODY)),
    schema('catch-all', 'catch-all', 10_000, 'ByUser', everything(EVERYBODY)),
  ]
}

const LOCK_VERBS = ['get', 'create', 'update']

function schema(
  name: string,
  levelName: string,
  matchingPrecedence: number,
  type: 'ByUser' | 'ByNamespace' | undefined,
  rules: Rules,
): SchemaDraft {
  const spec = {
    priorityLevelConfiguration: { name: levelName },
    matchingPrecedence,
    ...(type === undefined ? {} : { distinguisherMethod: { type } }),
    rules: [rules],
  }
  return { apiVersion: API_VERSION, kind: 'FlowSchema', metadata: metadata(name), spec }
}

function everything(subjects: Subject[]): Rules {
  return {
    subjects,
    resourceRules: [{ verbs: ALL, apiGroups: ALL, resources: ALL, namespaces: ALL, clusterScope: true }],
    nonResourceRules: [{ verbs: ALL, nonResourceURLs: ALL }],
  }
}

function resources(verbs: string[], apiGroup: string, names: string[], namespaces: string[]): ResourceRule {
  return { verbs, apiGroups: [apiGroup], resources: names, ...(namespaces.length === 0 ? {} : { namespaces }) }
}

function group(name: string): Subject {
  return { kind: 'Group', group: { name } }
}

function user(name: string): Subject {
  return { kind: 'User', user: { name } }
}

function account(name: string): Subject {
  return { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name } }
}
