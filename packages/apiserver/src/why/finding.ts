/** One reason why an object isn't as it should be, and what to do about it. Both are whole sentences. */
export interface Finding {
  /** What it was found on: `pod/hello-1`, `node/a`. */
  readonly about: string
  readonly cause: string
  /** Empty when there is nothing to do but wait. */
  readonly cure: string
}

/** What an explainer says: findings, or, when there are none, how things stand. */
export interface Explanation {
  readonly findings: readonly Finding[]
  /** One sentence for an object that is as it should be. */
  readonly fine: string
}

/** Several objects that fail for one reason are told of once. */
export function groupFindings(findings: readonly Finding[]): Finding[] {
  const groups = Map.groupBy(findings, ({ cause, cure }) => `${cause}\n${cure}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const others = new Set(group.map(({ about }) => about)).size - 1
    return others === 0 ? [first] : [{ ...first, about: `${first.about} and ${others} more` }]
  })
}

/** `kubectl` takes the namespace as an option when it isn't the default one. */
export function inNamespace(namespace: string | undefined): string {
  return namespace === undefined || namespace === 'default' ? '' : ` -n ${namespace}`
}

/** Ends with a full stop, whoever wrote it. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  return trimmed === '' || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
