/** What `read` gives; undefined where there is nothing that could be read. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
