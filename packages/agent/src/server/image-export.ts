import { pipeline } from 'node:stream/promises'
import { notFound } from '@skiff/api'
import { Semaphore } from '../semaphore.ts'
import type { AgentRequest } from './agent-server.ts'

/** Exports at once: another agent's wait must not cost this host its disk. */
const EXPORTS_AT_ONCE = 2
const exportsOf = new WeakMap<object, Semaphore>()

/** `GET /images/<reference>`: the image as `docker save` writes it, for another agent. */
export async function serveImage({ path, response, options }: AgentRequest): Promise<void> {
  const reference = path.slice(1).join('/')
  const { images } = options.engine
  const slots = exportsOf.get(images) ?? new Semaphore(EXPORTS_AT_ONCE)
  exportsOf.set(images, slots)
  await slots.run(async () => {
    const found = await images.export(reference)
    if (found === undefined) throw notFound('images', reference)
    response.writeHead(200, { 'content-type': 'application/x-tar', ...found.headers })
    await pipeline(found.stream, response)
  })
}
