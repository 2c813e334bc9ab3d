import { isIP } from 'node:net'
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  invalidEach,
  labelValueProblems,
  type Node,
  notSupported,
  path,
  qualifiedNameProblems,
  required,
  type Taint,
} from '@skiff/api'
import { jsonEquals } from '../../patch/json-value.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function validateNode(node: Node): FieldError[] {
  return [...validateTaints(node.spec.taints ?? [], path('spec', 'taints')), ...validatePodCidrs(node)]
}

export function validateTaints(taints: readonly Taint[], field: FieldPath): FieldError[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, index) => {
    const at = field.index(index)
    const errors = [
      ...invalidEach(at.child('key'), taint.key, qualifiedNameProblems(taint.key)),
      ...invalidEach(at.child('value'), taint.value ?? '', labelValueProblems(taint.value ?? '')),
      ...validateEffect(taint.effect, at.child('effect')),
    ]
    const identity = `${taint.key}:${taint.effect}`
    // Upstream reports the field without the list's name.
    if (seen.has(identity)) errors.push({ ...duplicate(at, taint), detail: 'taints must be unique by key and effect pair' })
    seen.add(identity)
    return errors
  })
}

function validateEffect(effect: string | undefined, field: FieldPath): FieldError[] {
  if (!effect) return [required(field)]
  return EFFECTS.includes(effect) ? [] : [notSupported(field, effect, EFFECTS)]
}

function validatePodCidrs({ spec }: Node): FieldError[] {
  return (spec.podCIDRs ?? []).flatMap((cidr, index) => {
    const [address = '', bits = ''] = cidr.split('/')
    const valid = isIP(address) !== 0 && /^\d{1,3}$/.test(bits)
    return valid
      ? []
      : [invalid(path('spec', 'podCIDRs').index(index), cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')]
  })
}

/** `podCIDR`, `podCIDRs` and `providerID` may be given once. */
export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const errors: FieldError[] = []
  if ((old.spec.podCIDRs ?? []).length > 0 && !jsonEquals(node.spec.podCIDRs, old.spec.podCIDRs)) {
    errors.push(forbiddenField(path('spec', 'podCIDRs'), 'node updates may not change podCIDR except from "" to valid'))
  }
  if (old.spec.providerID && node.spec.providerID !== old.spec.providerID) {
    errors.push(forbiddenField(path('spec', 'providerID'), 'node updates may not change providerID except from "" to valid'))
  }
  return errors
}
