import { type Container, humanDuration, type KubeObject, type LabelSelector, labelSelectorToString } from '@skiff/api'

const MAX_LISTED = 3

/** `5m30s`; `<unknown>` for what has no time. */
export function ageCell(timestamp: string | undefined | null, now: Date): string {
  if (!timestamp) return '<unknown>'
  return humanDuration(Math.max(0, now.getTime() - Date.parse(timestamp)))
}

export function objectAge(object: Pick<KubeObject, 'metadata'>, now: Date): string {
  return ageCell(object.metadata.creationTimestamp, now)
}

/** `a=b,c=d`, `<none>` when there is nothing to show. */
export function labelsCell(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

export function selectorCell(selector: LabelSelector | undefined): string {
  return labelSelectorToString(selector) || '<none>'
}

export function containerNames(containers: readonly Container[] | undefined): string {
  return (containers ?? []).map(({ name }) => name).join(',')
}

export function containerImages(containers: readonly Container[] | undefined): string {
  return (containers ?? []).map(({ image }) => image ?? '').join(',')
}

/** The first three, then `+ 2 more...`. */
export function shortList(items: readonly string[], empty = '<none>'): string {
  if (items.length === 0) return empty
  const more = items.length > MAX_LISTED ? ` + ${items.length - MAX_LISTED} more...` : ''
  return items.slice(0, MAX_LISTED).join(',') + more
}
