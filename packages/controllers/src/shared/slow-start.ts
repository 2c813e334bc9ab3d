/**
 * Does something `count` times, in rounds of 1, 2, 4, ... at once, and stops after the first round with a failure:
 * when it can't work (a quota, a webhook), it is tried once, not 500 times. Returns what was made and the first failure.
 */
export async function inSlowStart<T>(
  count: number,
  make: () => Promise<T>,
): Promise<{ readonly made: T[]; readonly failure: unknown }> {
  const made: T[] = []
  for (let round = 1; made.length < count; round *= 2) {
    const size = Math.min(round, count - made.length)
    const results = await Promise.allSettled(Array.from({ length: size }, make))
    for (const result of results) if (result.status === 'fulfilled') made.push(result.value)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) return { made, failure: failed.reason }
  }
  return { made, failure: undefined }
}
