import { ApiError, isNotFound } from '@skiff/api'

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Nothing more is to be made in a namespace that is going away, and nobody needs to be told. */
export function namespaceIsTerminating(error: unknown): boolean {
  return error instanceof ApiError && (error.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating')
}

/** The write's answer, or undefined when what it was about is gone. */
export async function unlessGone<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
