import type { Claims } from './resource-definition.ts'

/** All values claimed by writes under way; each write gets a view of its own and releases it at its end. */
export class ClaimTable {
  private readonly held = new Set<string>()

  open(): Claims & { release(): void } {
    const mine: string[] = []
    return {
      take: (pool, value) => {
        const claim = `${pool}\n${value}`
        if (this.held.has(claim)) return false
        this.held.add(claim)
        mine.push(claim)
        return true
      },
      release: () => {
        for (const claim of mine) this.held.delete(claim)
      },
    }
  }
}
