/** What one expression may cost: about a tenth of a second (as k8s.io/apiserver/pkg/apis/cel). */
export const EXPRESSION_COST_LIMIT = 1_000_000
/** All expressions on one object, or of one policy. */
export const OBJECT_COST_LIMIT = 10_000_000
/** All match conditions of one webhook or policy. */
export const MATCH_CONDITIONS_COST_LIMIT = 2_500_000

/** What is left for expressions that share one budget. */
export class CelBudget {
  #left: number

  constructor(limit = OBJECT_COST_LIMIT) {
    this.#left = limit
  }

  get left(): number {
    return this.#left
  }

  get isSpent(): boolean {
    return this.#left <= 0
  }

  spend(cost: number): void {
    this.#left -= cost
  }
}

export class CostExceeded extends Error {
  override name = 'CostExceeded'
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

/** Counts what one evaluation costs: a step is 1, text and lists a tenth of their length more. */
export class CostMeter {
  #used = 0
  #limit = 0

  start(limit: number): void {
    this.#used = 0
    this.#limit = limit
  }

  get used(): number {
    return this.#used
  }

  get isExceeded(): boolean {
    return this.#used > this.#limit
  }

  /** Throws CostExceeded. */
  charge(cost: number): void {
    this.#used += cost
    if (this.#used > this.#limit) throw new CostExceeded()
  }

  /** For something that is about to be walked through. */
  chargeSize(size: number): void {
    this.charge(Math.ceil(size / 10))
  }
}
