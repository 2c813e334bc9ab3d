import type Docker from 'dockerode'
import { callsOf } from './dockerode.ts'
import { withCure } from './engine-errors.ts'
import { jsonLines } from './json-lines.ts'

interface Progress {
  readonly stream?: string
  readonly error?: string
  readonly errorDetail?: { readonly message?: string }
}

/** Loads a `docker save` archive. The engine answers 200 also for a broken one: the last line tells. */
export async function loadImage(
  docker: Docker,
  archive: Buffer | NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const answer = await callsOf(docker).loadImage(archive, { quiet: true, abortSignal: signal })
  const said: string[] = []
  for await (const line of jsonLines<Progress>(answer)) {
    const problem = line.errorDetail?.message ?? line.error
    if (problem !== undefined) throw new Error(withCure(problem))
    if (line.stream !== undefined) said.push(line.stream.trim())
  }
  return said
}
