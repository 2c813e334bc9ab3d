import type { Container, PodSpec } from '@skiff/api'

export interface PodToCheck {
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
}

/** One rule of a profile that a pod breaks: `hostPath volumes (volume "data")`. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

/** Rules give undefined when the pod keeps them. */
export type Rule = (pod: PodToCheck) => Violation | undefined

export function violationsToString(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ')
}

export function containersOf({ spec }: PodToCheck): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...((spec.ephemeralContainers ?? []) as Container[])]
}

/** `container "a"`, `containers "a", "b"`. */
export function named(noun: string, names: readonly string[]): string {
  return `${noun}${names.length === 1 ? '' : 's'} ${quoted(names)}`
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

/** A violation by those containers for which `breaks` holds. */
export function byContainers(reason: string, breaks: (container: Container) => boolean, must: string): Rule {
  return (pod) => {
    const names = containersOf(pod)
      .filter(breaks)
      .map(({ name }) => name)
    return names.length === 0 ? undefined : { reason, detail: `${named('container', names)} ${must}` }
  }
}
