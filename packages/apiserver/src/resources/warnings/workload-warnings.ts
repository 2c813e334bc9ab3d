import { dnsLabelProblems, type FieldPath, type ObjectMeta, type Pod, path } from '@skiff/api'
import { podSpecWarnings } from './pod-spec-warnings.ts'

interface Made {
  readonly metadata: ObjectMeta
}
type Template = Parameters<typeof podSpecWarnings>[0]

const SURPRISES = 'which can result in surprising behavior; a DNS label is recommended'

/** Of a new pod. Nobody changes pods by hand, and their template has been spoken of. */
export function podWarnings(pod: Pod, old: Pod | undefined): string[] {
  if (old !== undefined) return []
  return [...nameWarnings(pod, "this is used in the Pod's hostname"), ...podSpecWarnings(pod, path())]
}

/** Of what makes pods, when it is new or asks for something new. */
export function templateWarnings<T extends Made>(field: FieldPath, templateOf: (object: T) => Template | undefined) {
  return (object: T, old: T | undefined): string[] => {
    if (old !== undefined && old.metadata.generation === object.metadata.generation) return []
    return podSpecWarnings(templateOf(object) ?? {}, field)
  }
}

/** The same of what gives its pods its own name. */
export function namesakeWarnings<T extends Made>(field: FieldPath, templateOf: (object: T) => Template | undefined) {
  const ofTemplate = templateWarnings(field, templateOf)
  return (object: T, old: T | undefined): string[] => [
    ...(old === undefined ? nameWarnings(object, 'this is used in Pod names and hostnames') : []),
    ...ofTemplate(object, old),
  ]
}

function nameWarnings({ metadata }: Made, use: string): string[] {
  const problems = dnsLabelProblems(metadata.name)
  return problems.length === 0 ? [] : [`metadata.name: ${use}, ${SURPRISES}: [${problems.join(' ')}]`]
}
