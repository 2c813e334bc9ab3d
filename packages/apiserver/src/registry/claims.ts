import type { Claims } from './resource-definition.ts'

/** One write's claims, and what else ends with it. */
export interface WriteClaims extends Claims {
  /** Runs the task when the write has ended, whatever became of it. */
  atEnd(task: () => void): void
  release(): void
}

/** All values claimed by writes under way; each write gets a view of its own and releases it at its end. */
export class ClaimTable {
  private readonly held = new Set<string>()

  open(): WriteClaims {
    const mine: string[] = []
    const tasks: (() => void)[] = []
    return {
      take: (pool, value) => {
        const claim = `${pool}\n${value}`
        if (this.held.has(claim)) return false
        this.held.add(claim)
        mine.push(claim)
        return true
      },
      atEnd: (task) => tasks.push(task),
      release: () => {
        for (const claim of mine) this.held.delete(claim)
        for (const task of tasks.splice(0)) task()
      },
    }
  }
}
