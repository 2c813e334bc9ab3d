import { canonicalQuantity, tryParseQuantity } from '@skiff/api'

/** Every quantity of a list in Kubernetes' canonical form; what is no quantity is left for validation to name. */
export function canonicalResourceList(list: Record<string, string | number> | undefined): void {
  for (const name of Object.keys(list ?? {})) {
    const amount = tryParseQuantity(list?.[name])
    if (list && amount) list[name] = canonicalQuantity(amount)
  }
}
