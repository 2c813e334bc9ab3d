import type { Environment } from '@marcbachmann/cel-js'
import { failure } from './failure.ts'

const TYPE = 'kubernetes.Semver'
const FORM =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/

class CelSemver {
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly prerelease: readonly string[]
  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    this.numbers = numbers
    this.prerelease = prerelease
  }
}

/** Kubernetes' library of semantic versions. */
export function registerSemver(environment: Environment): void {
  environment.registerType(TYPE, CelSemver)
  environment
    .registerFunction(`semver(string): ${TYPE}`, (text: string) => requireVersion(text))
    .registerFunction(`semver(string, bool): ${TYPE}`, (text: string, lenient: boolean) =>
      requireVersion(lenient ? normalized(text) : text),
    )
    .registerFunction('isSemver(string): bool', (text: string) => parseVersion(text) !== undefined)
    .registerFunction(
      'isSemver(string, bool): bool',
      (text: string, lenient: boolean) => parseVersion(lenient ? normalized(text) : text) !== undefined,
    )
    .registerFunction(`${TYPE}.compareTo(${TYPE}): int`, (a: CelSemver, b: CelSemver) => BigInt(compare(a, b)))
    .registerFunction(`${TYPE}.isLessThan(${TYPE}): bool`, (a: CelSemver, b: CelSemver) => compare(a, b) < 0)
    .registerFunction(`${TYPE}.isGreaterThan(${TYPE}): bool`, (a: CelSemver, b: CelSemver) => compare(a, b) > 0)
    .registerOperator(`${TYPE} == ${TYPE}`, (a: CelSemver, b: CelSemver) => compare(a, b) === 0)
  for (const [index, part] of ['major', 'minor', 'patch'].entries()) {
    environment.registerFunction(`${TYPE}.${part}(): int`, ({ numbers }: CelSemver) => numbers[index])
  }
}

function parseVersion(text: string): CelSemver | undefined {
  const match = text.length <= 256 ? FORM.exec(text) : null
  if (match === null) return undefined
  const [, major = '', minor = '', patch = '', prerelease] = match
  return new CelSemver([BigInt(major), BigInt(minor), BigInt(patch)], prerelease?.split('.') ?? [])
}

function requireVersion(text: string): CelSemver {
  const version = parseVersion(text)
  if (version === undefined) throw failure(`Semver parse error during conversion from string: ${JSON.stringify(text)}`)
  return version
}

/** `v1.2` as `1.2.0`. */
function normalized(text: string): string {
  const [numbers = '', ...rest] = text.replace(/^v/, '').split(/(?=[-+])/)
  const parts = numbers.split('.').map((part) => part.replace(/^0+(?=\d)/, ''))
  while (parts.length < 3) parts.push('0')
  return parts.join('.') + rest.join('')
}

function compare(a: CelSemver, b: CelSemver): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n
    if (number !== other) return number < other ? -1 : 1
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Math.sign(b.prerelease.length - a.prerelease.length) * (a.prerelease.length === b.prerelease.length ? 0 : 1)
  }
  for (let index = 0; index < Math.max(a.prerelease.length, b.prerelease.length); index++) {
    const compared = comparePart(a.prerelease[index], b.prerelease[index])
    if (compared !== 0) return compared
  }
  return 0
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1
  const [numericA, numericB] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (numericA !== numericB) return numericA ? -1 : 1
  if (numericA) return BigInt(a) < BigInt(b) ? -1 : 1
  return a < b ? -1 : 1
}
