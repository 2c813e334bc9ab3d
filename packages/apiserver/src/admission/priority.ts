import { forbidden, type Pod, PRIORITY_CLASSES, type PriorityClass } from '@skiff/api'
import type { AdmissionRequest } from '../http/request-context.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'

const WITHOUT_CLASS = { value: 0, preemptionPolicy: 'PreemptLowerPriority' } as const

/** Gives a new pod the number that its priority class stands for (upstream's admission plugin `Priority`). */
export function admitPriority(request: AdmissionRequest, objects: ObjectReader): void {
  const { operation, info, subresource, object } = request
  if (operation !== 'CREATE' || info.group !== '' || info.resource !== 'pods' || subresource !== '' || object === undefined)
    return
  const { metadata, spec } = object as unknown as Pod
  const refuse = (why: string) => forbidden('pods', metadata.name || (metadata.generateName ?? ''), why)

  const given = spec.priorityClassName
  const found = given ? objects.get<PriorityClass>(PRIORITY_CLASSES, { name: given }) : defaultClass(objects)
  if (given && found === undefined) throw refuse(`no PriorityClass with name ${given} was found`)

  const { value = 0, preemptionPolicy = WITHOUT_CLASS.preemptionPolicy } = found ?? WITHOUT_CLASS
  if (spec.priority !== undefined && spec.priority !== value) {
    const must = `the integer value of priority (${spec.priority}) must not be provided in pod spec`
    throw refuse(`${must}; priority admission controller computed ${value} from the given PriorityClass name`)
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
    const must = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec`
    throw refuse(`${must}; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`)
  }
  if (found) spec.priorityClassName = found.metadata.name
  spec.priority = value
  spec.preemptionPolicy = preemptionPolicy
}

/** Of several that call themselves the default, the lowest counts, as upstream's. */
function defaultClass(objects: ObjectReader): PriorityClass | undefined {
  const defaults = objects.list<PriorityClass>(PRIORITY_CLASSES).filter(({ globalDefault }) => globalDefault)
  return defaults.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]
}
