/** What a volume could not be made for, in the words of a FailedMount event. */
export class MountError extends Error {
  override name = 'MountError'
}
