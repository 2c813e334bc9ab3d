import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  type HorizontalPodAutoscaler,
  invalid,
  invalidEach,
  notSupported,
  path,
  pathSegmentNameProblems,
  required,
} from '@skiff/api'
import { validateScalingRules } from './validate-scaling-rules.ts'
import { validateMetricTarget, validateTargetChoice } from './validate-target.ts'

type Spec = HorizontalPodAutoscaler['spec']
type Metric = NonNullable<Spec['metrics']>[number]

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const field = path('spec')
  return [
    ...validateReplicas(spec, field),
    ...validateReference(spec.scaleTargetRef, field.child('scaleTargetRef')),
    ...(spec.metrics ?? []).flatMap((metric, index) => validateMetric(metric, field.child('metrics').index(index))),
    ...validateScalingRules(spec.behavior?.scaleUp, field.child('behavior', 'scaleUp')),
    ...validateScalingRules(spec.behavior?.scaleDown, field.child('behavior', 'scaleDown')),
  ]
}

function validateReplicas({ minReplicas, maxReplicas }: Spec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(invalid(field.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'))
  }
  if (maxReplicas < 1) errors.push(invalid(field.child('maxReplicas'), maxReplicas, 'must be greater than 0'))
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalid(field.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'))
  }
  return errors
}

function validateReference(reference: Spec['scaleTargetRef'] | undefined, field: FieldPath): FieldError[] {
  return (['kind', 'name'] as const).flatMap((name) => {
    const value = reference?.[name]
    if (!value) return [required(field.child(name))]
    return invalidEach(field.child(name), value, pathSegmentNameProblems(value))
  })
}

const SOURCES = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const

type MetricType = keyof typeof SOURCES

function validateMetric(metric: Metric, field: FieldPath): FieldError[] {
  const type = metric.type as string | undefined
  if (!type) return [required(field.child('type'), 'must specify a metric source type')]
  if (!Object.hasOwn(SOURCES, type)) return [notSupported(field.child('type'), type, Object.keys(SOURCES))]
  const expected = SOURCES[type as MetricType]
  const present = Object.values(SOURCES).filter((name) => metric[name] !== undefined)
  const errors = present.flatMap((name) => validateSource(metric, name, field.child(name)))
  if (!present.includes(expected)) {
    errors.push(required(field.child(expected), 'must populate information for the given metric source'))
  }
  for (const name of present) {
    if (name !== expected) errors.push(forbiddenField(field.child(name), 'must populate the given metric source only'))
  }
  return errors
}

function validateSource(metric: Metric, name: (typeof SOURCES)[MetricType], field: FieldPath): FieldError[] {
  switch (name) {
    case 'resource':
      return validateResource(metric.resource, field)
    case 'containerResource': {
      const { container } = metric.containerResource ?? {}
      const missing = container ? [] : [required(field.child('container'), 'must specify a container')]
      return [...missing, ...validateResource(metric.containerResource, field)]
    }
    case 'pods': {
      const { target, metric: measured } = metric.pods ?? {}
      const missing =
        target?.averageValue === undefined
          ? [required(field.child('target', 'averageValue'), 'must specify a positive target averageValue')]
          : []
      return [
        ...validateIdentifier(measured, field.child('metric')),
        ...validateMetricTarget(target, field.child('target')),
        ...missing,
      ]
    }
    case 'object': {
      const { target, metric: measured, describedObject } = metric.object ?? {}
      return [
        ...validateReference(describedObject, field.child('describedObject')),
        ...validateIdentifier(measured, field.child('metric')),
        ...validateMetricTarget(target, field.child('target')),
        ...validateTargetChoice(target, 'value', field.child('target')),
      ]
    }
    case 'external': {
      const { target, metric: measured } = metric.external ?? {}
      return [
        ...validateIdentifier(measured, field.child('metric')),
        ...validateMetricTarget(target, field.child('target')),
        ...validateTargetChoice(target, 'value', field.child('target')),
      ]
    }
  }
}

function validateResource(source: Metric['resource'], field: FieldPath): FieldError[] {
  return [
    ...(source?.name ? [] : [required(field.child('name'), 'must specify a resource name')]),
    ...validateMetricTarget(source?.target, field.child('target')),
    ...validateTargetChoice(source?.target, 'averageUtilization', field.child('target')),
  ]
}

function validateIdentifier(metric: { name?: string } | undefined, field: FieldPath): FieldError[] {
  if (!metric?.name) return [required(field.child('name'), 'must specify a metric name')]
  return invalidEach(field.child('name'), metric.name, pathSegmentNameProblems(metric.name))
}
