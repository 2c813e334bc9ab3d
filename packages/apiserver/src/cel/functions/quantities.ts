import type { Environment } from '@marcbachmann/cel-js'
import { type Quantity, tryParseQuantity } from '@skiff/api'
import { failure } from './failure.ts'

const NANOS = 1_000_000_000n
const TYPE = 'kubernetes.Quantity'

class CelQuantity {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** Kubernetes' library of quantities. */
export function registerQuantities(environment: Environment): void {
  environment.registerType(TYPE, CelQuantity)
  environment
    .registerFunction(`quantity(string): ${TYPE}`, (text: string) => new CelQuantity(parse(text).nanos))
    .registerFunction('isQuantity(string): bool', (text: string) => tryParseQuantity(text) !== undefined)
    .registerFunction(`${TYPE}.sign(): int`, ({ nanos }: CelQuantity) => (nanos < 0n ? -1n : nanos > 0n ? 1n : 0n))
    .registerFunction(`${TYPE}.isInteger(): bool`, ({ nanos }: CelQuantity) => isWhole(nanos))
    .registerFunction(`${TYPE}.asInteger(): int`, ({ nanos }: CelQuantity) => {
      if (!isWhole(nanos)) throw failure('cannot convert value to integer')
      return nanos / NANOS
    })
    .registerFunction(`${TYPE}.asApproximateFloat(): double`, ({ nanos }: CelQuantity) => Number(nanos) / 1e9)
    .registerFunction(`${TYPE}.isGreaterThan(${TYPE}): bool`, (a: CelQuantity, b: CelQuantity) => a.nanos > b.nanos)
    .registerFunction(`${TYPE}.isLessThan(${TYPE}): bool`, (a: CelQuantity, b: CelQuantity) => a.nanos < b.nanos)
    .registerFunction(`${TYPE}.compareTo(${TYPE}): int`, (a: CelQuantity, b: CelQuantity) =>
      a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n,
    )
    .registerOperator(`${TYPE} == ${TYPE}`, (a: CelQuantity, b: CelQuantity) => a.nanos === b.nanos)
  for (const [name, sign] of [
    ['add', 1n],
    ['sub', -1n],
  ] as const) {
    environment
      .registerFunction(
        `${TYPE}.${name}(${TYPE}): ${TYPE}`,
        (a: CelQuantity, b: CelQuantity) => new CelQuantity(a.nanos + sign * b.nanos),
      )
      .registerFunction(
        `${TYPE}.${name}(int): ${TYPE}`,
        (a: CelQuantity, b: bigint) => new CelQuantity(a.nanos + sign * b * NANOS),
      )
  }
}

function parse(text: string): Quantity {
  const quantity = tryParseQuantity(text)
  if (quantity === undefined) {
    throw failure(`quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`)
  }
  return quantity
}

function isWhole(nanos: bigint): boolean {
  const whole = nanos / NANOS
  return nanos % NANOS === 0n && BigInt.asIntN(64, whole) === whole
}
