import { type FieldPath, quantityToMilli, tryParseQuantity } from '@skiff/api'

const COUNTED_IN_BYTES = ['memory', 'ephemeral-storage']

/** Amounts of bytes that are none: `500m` of memory. */
export function fractions(
  amounts: Readonly<Record<string, string | number>> | undefined,
  at: FieldPath,
  resources = COUNTED_IN_BYTES,
): string[] {
  return resources.flatMap((resource) => {
    const amount = amounts?.[resource]
    if (amount === undefined || tryParseQuantity(amount) === undefined || quantityToMilli(amount) % 1000n === 0n) return []
    return [`${at.key(resource)}: fractional byte value ${JSON.stringify(String(amount))} is invalid, must be an integer`]
  })
}
