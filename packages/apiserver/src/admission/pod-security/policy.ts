/** A level of the Pod Security Standards, as of a version of Kubernetes. */

import { baselineViolations } from './baseline.ts'
import type { PodToCheck, Violation } from './pod-to-check.ts'
import { restrictedViolations } from './restricted.ts'

export type Level = 'privileged' | 'baseline' | 'restricted'

export interface Policy {
  readonly level: Level
  /** `latest`, or `v1.30`. */
  readonly version: string
}

export type Labels = Readonly<Record<string, string>>

export const LABEL = 'pod-security.kubernetes.io/'
export const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted']

/** What the namespace's labels say of a mode. An unknown level counts as the strictest, an unknown version as the newest. */
export function policyOf(labels: Labels, mode: 'enforce' | 'audit' | 'warn'): Policy | undefined {
  const level = labels[`${LABEL}${mode}`]
  if (level === undefined) return undefined
  const version = labels[`${LABEL}${mode}-version`] ?? 'latest'
  return {
    level: level === 'privileged' || level === 'baseline' ? level : 'restricted',
    version: VERSION.test(version) ? version : 'latest',
  }
}

/** `v1.30` and `latest`. */
export const VERSION = /^(latest|v1\.(0|[1-9]\d*))$/

export function policyText({ level, version }: Policy): string {
  return `${level}:${version}`
}

export function violationsOf(pod: PodToCheck, { level, version }: Policy): readonly Violation[] {
  const minor = version === 'latest' ? Number.POSITIVE_INFINITY : Number(version.slice('v1.'.length))
  const held = ({ reason }: Violation) => minor >= (SINCE[reason] ?? 0)
  switch (level) {
    case 'privileged':
      return []
    case 'baseline':
      return baselineViolations(pod).filter(held)
    case 'restricted':
      return [...baselineViolations(pod), ...restrictedViolations(pod)].filter(held)
  }
}

/** Rules that came after the profiles were first written, by what they complain of: minor versions of Kubernetes. */
const SINCE: Readonly<Record<string, number>> = {
  'allowPrivilegeEscalation != false': 8,
  'unrestricted capabilities': 22,
  'runAsUser=0': 23,
  'probe or lifecycle host': 34,
}
