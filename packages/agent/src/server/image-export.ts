import { pipeline } from 'node:stream/promises'
import { forbidden, notFound } from '@skiff/api'
import { CREDENTIALS_HEADER } from '../images/peers.ts'
import { Semaphore } from '../semaphore.ts'
import type { AgentRequest } from './agent-server.ts'

/** Exports at once: another agent's wait must not cost this host its disk. */
const EXPORTS_AT_ONCE = 2
const exportsOf = new WeakMap<object, Semaphore>()

/** `GET /images/<reference>`: the image as `docker save` writes it, for another agent. */
export async function serveImage({ path, request, response, options }: AgentRequest): Promise<void> {
  const reference = path.slice(1).join('/')
  const { images } = options.engine
  const slots = exportsOf.get(images) ?? new Semaphore(EXPORTS_AT_ONCE)
  exportsOf.set(images, slots)
  await slots.run(async () => {
    const shown = String(request.headers[CREDENTIALS_HEADER] ?? '').split(',')
    const found = await images.export(reference, shown)
    if (found === undefined) throw notFound('images', reference)
    if (found === 'forbidden') throw forbidden('images', reference, 'the credentials that pulled it were not shown')
    response.writeHead(200, { 'content-type': 'application/x-tar', ...found.headers })
    await pipeline(found.stream, response)
  })
}
