import type Docker from 'dockerode'
import type { Modem } from './plain-requests.ts'

/** Calls of dockerode as they are, where its typings lack options or the promise. */
export interface DockerCalls {
  readonly modem: Modem
  ping(options: { abortSignal: AbortSignal }): Promise<unknown>
  version(options: {
    abortSignal: AbortSignal
  }): Promise<{ Version?: string; ApiVersion: string; MinAPIVersion?: string; Os: string; Arch: string }>
  getEvents(options: { filters: string; since?: string; abortSignal: AbortSignal }): Promise<NodeJS.ReadableStream>
  loadImage(
    archive: Buffer | NodeJS.ReadableStream,
    options: { quiet: boolean; abortSignal: AbortSignal },
  ): Promise<NodeJS.ReadableStream>
}

export function callsOf(docker: Docker): DockerCalls {
  return docker as unknown as DockerCalls
}
