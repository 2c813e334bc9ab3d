import { type Namespace, setCondition } from '@skiff/api'

type NamespaceCondition = NonNullable<NonNullable<Namespace['status']>['conditions']>[number]

export interface Remaining {
  /** `pods.` or `deployments.apps`, as upstream spells it, with how many are left. */
  readonly resources: ReadonlyMap<string, number>
  /** Finalizers that hold them, with how many they hold. */
  readonly finalizers: ReadonlyMap<string, number>
  readonly deletionFailures: readonly string[]
  readonly discoveryFailures: readonly string[]
}

/** Says in the namespace's conditions what its deletion waits for, in upstream's words. */
export function deletionConditions(
  before: readonly NamespaceCondition[] | undefined,
  remaining: Remaining,
  now: Date,
): readonly NamespaceCondition[] {
  const { resources, finalizers, deletionFailures, discoveryFailures } = remaining
  const left = [...resources].map(([resource, count]) => `${resource} has ${count} resource instances`)
  const holding = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
  const rows: readonly [type: string, reasons: [bad: string, good: string], bad: string, good: string][] = [
    [
      'NamespaceDeletionDiscoveryFailure',
      ['DiscoveryFailed', 'ResourcesDiscovered'],
      listed('Discovery failed for some groups, ', discoveryFailures),
      'All resources successfully discovered',
    ],
    [
      'NamespaceDeletionGroupVersionParsingFailure',
      ['GroupVersionParsingFailed', 'ParsedGroupVersions'],
      '',
      'All legacy kube types successfully parsed',
    ],
    [
      'NamespaceDeletionContentFailure',
      ['ContentDeletionFailed', 'ContentDeleted'],
      listed('Failed to delete all resource types, ', deletionFailures),
      'All content successfully deleted, may be waiting on finalization',
    ],
    [
      'NamespaceContentRemaining',
      ['SomeResourcesRemain', 'ContentRemoved'],
      listed('Some resources are remaining: ', left),
      'All content successfully removed',
    ],
    [
      'NamespaceFinalizersRemaining',
      ['SomeFinalizersRemain', 'ContentHasNoFinalizers'],
      listed('Some content in the namespace has finalizers remaining: ', holding),
      'All content-preserving finalizers finished',
    ],
  ]
  return rows.reduce<readonly NamespaceCondition[]>(
    (conditions, [type, reasons, bad, good]) =>
      setCondition(
        conditions,
        { type, status: bad ? 'True' : 'False', reason: bad ? reasons[0] : reasons[1], message: bad || good },
        now,
      ),
    before ?? [],
  )
}

function listed(intro: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `${intro}${[...items].sort().join(', ')}`
}
