import { hash } from 'node:crypto'

/** For names in the kernel, which are short: of a Service's port, of an endpoint. */
export function hashOf(id: string): string {
  return hash('sha256', id).slice(0, 12)
}
