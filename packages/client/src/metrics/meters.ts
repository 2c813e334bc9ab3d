import type { Labels, MetricFamily, Sample } from './exposition.ts'

/** Counts up. */
export class Counter {
  readonly #name: string
  readonly #help: string
  readonly #counts = new Map<string, { readonly labels: Labels; value: number }>()

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  increment(labels: Labels = {}): void {
    const key = JSON.stringify(labels)
    const known = this.#counts.get(key)
    if (known === undefined) this.#counts.set(key, { labels, value: 1 })
    else known.value += 1
  }

  /** Whoever the labels speak of is gone. */
  forget(isGone: (labels: Labels) => boolean): void {
    for (const [key, { labels }] of this.#counts) if (isGone(labels)) this.#counts.delete(key)
  }

  family(): MetricFamily {
    const samples = [...this.#counts.values()].map(({ labels, value }) => ({ labels, value }))
    return { name: this.#name, help: this.#help, type: 'counter', samples }
  }
}

interface Distribution {
  readonly labels: Labels
  /** Per bound: how many were not above it, and above the bound before. */
  readonly counts: number[]
  sum: number
  count: number
}

/** How values are distributed, in seconds mostly. */
export class Histogram {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #distributions = new Map<string, Distribution>()

  /** @param bounds rising; the last bucket, of everything, comes by itself */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#bounds = bounds
  }

  observe(value: number, labels: Labels = {}): void {
    const distribution = this.#distribution(labels)
    const index = this.#bounds.findIndex((bound) => value <= bound)
    if (index >= 0) distribution.counts[index] = (distribution.counts[index] ?? 0) + 1
    distribution.sum += value
    distribution.count += 1
  }

  /** Whoever the labels speak of is gone. */
  forget(isGone: (labels: Labels) => boolean): void {
    for (const [key, { labels }] of this.#distributions) if (isGone(labels)) this.#distributions.delete(key)
  }

  family(): MetricFamily {
    const samples = [...this.#distributions.values()].flatMap((each) => this.#samplesOf(each))
    return { name: this.#name, help: this.#help, type: 'histogram', samples }
  }

  #distribution(labels: Labels): Distribution {
    const key = JSON.stringify(labels)
    const known = this.#distributions.get(key)
    if (known !== undefined) return known
    const made = { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 }
    this.#distributions.set(key, made)
    return made
  }

  #samplesOf({ labels, counts, sum, count }: Distribution): readonly Sample[] {
    let below = 0
    const buckets = this.#bounds.map((bound, index): Sample => {
      below += counts[index] ?? 0
      return { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: below }
    })
    const all: Sample = { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count }
    return [...buckets, all, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }]
  }
}
