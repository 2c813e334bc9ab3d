import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  type LabelSelector,
  labelSelectorMatches,
  notSupported,
  type PodTemplateSpec,
  path,
  required,
} from '@skiff/api'
import { validatePodTemplate } from '../pods/validate-pod-template.ts'
import { validateLabelSelector } from '../validate-selector.ts'

/** The selector of a kind that owns pods: there, and not one that selects everything. */
export function validateWorkloadSelector(selector: LabelSelector | undefined, kind: string, field: FieldPath): FieldError[] {
  if (!selector) return [required(field)]
  const errors = validateLabelSelector(selector, field)
  if (isEmptySelector(selector)) errors.push(invalid(field, selector, `empty selector is invalid for ${kind}`))
  return errors
}

/** The template of a kind that keeps its pods running: selected by it, restarted always, without a deadline. */
export function validateWorkloadTemplate(
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
  field: FieldPath,
  kind = 'ReplicaSet',
): FieldError[] {
  if (selector && validateLabelSelector(selector, path()).length > 0) {
    return [invalid('spec.selector', selector, 'invalid label selector')]
  }
  if (!template) return [required(field)]
  return [
    ...validateSelection(template, selector, field),
    ...validatePodTemplate(template, field),
    ...validateEndlessPods(template, field, kind),
  ]
}

/** Whoever keeps pods running must not let them end. */
export function validateEndlessPods({ spec }: PodTemplateSpec, field: FieldPath, kind: string): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = spec ?? {}
  const errors: FieldError[] = []
  if (restartPolicy !== undefined && restartPolicy !== 'Always') {
    errors.push(notSupported(field.child('spec', 'restartPolicy'), restartPolicy, ['Always']))
  }
  if (activeDeadlineSeconds !== undefined) {
    const detail = `activeDeadlineSeconds in ${kind} is not Supported`
    errors.push(forbiddenField(field.child('spec', 'activeDeadlineSeconds'), detail))
  }
  return errors
}

/** An absent selector selects nothing, and so not the template either; an empty one has been reported already. */
export function validateSelection(
  { metadata }: PodTemplateSpec,
  selector: LabelSelector | undefined,
  field: FieldPath,
): FieldError[] {
  const labels = metadata?.labels ?? {}
  if ((selector && isEmptySelector(selector)) || labelSelectorMatches(selector, labels)) return []
  return [invalid(field.child('metadata', 'labels'), labels, '`selector` does not match template `labels`')]
}

export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
}
