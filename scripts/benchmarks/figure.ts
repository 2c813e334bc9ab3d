/** One measured figure, printed as one JSON line. Ratios compare things measured in the same run. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: 'x' | 'MB' | 's' | '%' | 'requests' | 'requests/s' | '1/s' | 'ms'
  /** What it should be, such as `<= 0.85`. */
  readonly goal?: string
  readonly details?: Readonly<Record<string, unknown>>
}

export function printFigure(figure: Figure): void {
  process.stdout.write(`${JSON.stringify({ ...figure, value: rounded(figure.value) })}\n`)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new Error('there is nothing to take the median of')
  return middle
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}
