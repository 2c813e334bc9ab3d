/** What the guest's lines say (guest/checks.sh writes them). Pure. */

export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly seconds: number
  /** Why it failed, or what was seen. */
  readonly detail: string
}

export interface MachineResult {
  readonly suite: string
  /** Engine, kernel and the like, by name. */
  readonly facts: ReadonlyMap<string, string>
  readonly checks: readonly CheckResult[]
  /** Why the machine as a whole can't be trusted to have been tested. */
  readonly problem?: string
}

/** `ending` is why the machine ended too soon, if it did. */
export function readResult(suite: string, lines: readonly string[], ending: string | undefined): MachineResult {
  const facts = new Map<string, string>()
  const checks: CheckResult[] = []
  let whole = false
  for (const line of lines) {
    const [word, first = '', second = '', third = ''] = line.split('\t')
    if (word === 'fact') facts.set(first, second)
    else if (word === 'ok' || word === 'FAILED')
      checks.push({ name: second, ok: word === 'ok', seconds: Number(first), detail: third })
    else if (word === 'end') whole = true
  }
  const problem = ending ?? (whole ? undefined : 'it was switched off before its checks were done')
  return { suite, facts, checks, ...(problem === undefined ? {} : { problem }) }
}
