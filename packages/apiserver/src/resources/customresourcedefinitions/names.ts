/** Which of the names that a definition asks for are its own (k8s.io/apiextensions-apiserver/pkg/controller/status). */

import { type CustomResourceDefinition, findCondition, setCondition } from '@skiff/api'
import type { Claims } from '../../registry/resource-definition.ts'

type Names = CustomResourceDefinition['spec']['names']
type Status = NonNullable<CustomResourceDefinition['status']>
type Condition = NonNullable<Status['conditions']>[number]

export interface NameDecision {
  /** Definitions that are stored; itself may be among them. */
  readonly others: readonly CustomResourceDefinition[]
  readonly now: Date
  /** Names that definitions under way have taken. */
  readonly claims?: Claims
}

/** The status with the names that are accepted, and whether all of them are: what is established is served. */
export function withAcceptedNames(definition: CustomResourceDefinition, decision: NameDecision): Status {
  const { spec, status } = definition
  const taken = takenNames(definition, decision.others)
  const accepted = { ...status?.acceptedNames } as Partial<Names>
  const isFree = (pool: 'kinds' | 'resources', name: string) =>
    !taken[pool].has(name) && (decision.claims?.take(`custom ${pool} of ${spec.group}`, name) ?? true)
  const conflicts: Condition[] = []
  const claimed = new Set<string>()
  const accept = (field: 'plural' | 'singular' | 'kind' | 'listKind', pool: 'kinds' | 'resources', reason: string) => {
    const asked = spec.names[field] ?? ''
    if (asked === accepted[field] || claimed.has(`${pool} ${asked}`) || isFree(pool, asked)) {
      claimed.add(`${pool} ${asked}`)
      Object.assign(accepted, { [field]: asked })
    } else conflicts.push(conflict(reason, [asked]))
  }
  accept('plural', 'resources', 'PluralConflict')
  accept('singular', 'resources', 'SingularConflict')
  const own = new Set(accepted.shortNames)
  const refused = (spec.names.shortNames ?? []).filter((name) => {
    const isOwn = own.has(name) || claimed.has(`resources ${name}`) || isFree('resources', name)
    if (isOwn) claimed.add(`resources ${name}`)
    return !isOwn
  })
  if (refused.length > 0) conflicts.push(conflict('ShortNamesConflict', refused))
  else setList(accepted, 'shortNames', spec.names.shortNames)
  accept('kind', 'kinds', 'KindConflict')
  accept('listKind', 'kinds', 'ListKindConflict')
  setList(accepted, 'categories', spec.names.categories)
  return {
    ...status,
    acceptedNames: accepted as Names,
    conditions: conditionsOf(definition, conflicts.at(-1), decision.now),
    storedVersions: status?.storedVersions ?? [],
  }
}

function takenNames({ metadata, spec }: CustomResourceDefinition, others: readonly CustomResourceDefinition[]) {
  const [kinds, resources] = [new Set<string>(), new Set<string>()]
  for (const other of others) {
    const { acceptedNames } = other.status ?? {}
    if (other.spec.group !== spec.group || other.metadata.name === metadata.name || acceptedNames === undefined) continue
    for (const name of [acceptedNames.kind, acceptedNames.listKind]) if (name) kinds.add(name)
    for (const name of [acceptedNames.plural, acceptedNames.singular, ...(acceptedNames.shortNames ?? [])])
      if (name) resources.add(name)
  }
  return { kinds, resources }
}

function setList(names: Partial<Names>, field: 'shortNames' | 'categories', list: Names['shortNames']): void {
  if (list === undefined || list.length === 0) delete names[field]
  else names[field] = list
}

function conflict(reason: string, names: readonly string[]): Condition {
  const messages = names.map((name) => `${JSON.stringify(name)} is already in use`)
  const message = messages.length === 1 ? messages.join('') : `[${messages.join(', ')}]`
  return { type: 'NamesAccepted', status: 'False', reason, message }
}

function conditionsOf({ status }: CustomResourceDefinition, problem: Condition | undefined, now: Date): Condition[] {
  const accepted: Condition = problem ?? {
    type: 'NamesAccepted',
    status: 'True',
    reason: 'NoConflicts',
    message: 'no conflicts found',
  }
  const known = findCondition(status?.conditions, 'Established')
  const conditions = setCondition<Condition>(status?.conditions, accepted, now)
  if (known?.status === 'True') return [...conditions]
  const established: Condition =
    problem === undefined
      ? { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
      : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
  return [...setCondition<Condition>(conditions, established, now)]
}
