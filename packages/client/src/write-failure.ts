/** What kept the file from being written: one line, with what to do where that is known. */
export function writeFailure(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  const cure = code === 'ENOSPC' || code === 'EDQUOT' ? ': make room on its disk' : ''
  return new Error(`${path} can't be written (${message})${cure}`, { cause: error })
}
