import { createHash } from 'node:crypto'
import { pack } from 'tar-stream'
import { callsOf } from './dockerode.ts'
import { type Engine, READ_TIMEOUT_MS, WRITE_TIMEOUT_MS } from './engine.ts'
import { isMissing } from './engine-errors.ts'
import { loadImage } from './load-image.ts'
import { type Architecture, pauseProgram } from './pause.ts'

/** Changes with the program or its configuration, so that an older agent's image is never taken for this one's. */
export const SANDBOX_IMAGE = 'skiff/pause:2'

/** Makes the sandboxes' image present: built in memory, the same bytes on every host. */
export async function ensureSandboxImage(engine: Engine): Promise<void> {
  if (await isPresent(engine)) return
  const version = await engine.call('version', READ_TIMEOUT_MS, (docker, abortSignal) => callsOf(docker).version({ abortSignal }))
  const archive = await sandboxImageArchive(version.Arch === 'arm64' ? 'arm64' : 'amd64')
  await engine.call('load the sandbox image', WRITE_TIMEOUT_MS, (docker, signal) => loadImage(docker, archive, signal))
}

async function isPresent(engine: Engine): Promise<boolean> {
  try {
    await engine.call('inspect the sandbox image', READ_TIMEOUT_MS, (docker) => docker.getImage(SANDBOX_IMAGE).inspect())
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** The image as `docker save` would write it. */
export async function sandboxImageArchive(architecture: Architecture): Promise<Buffer> {
  const layer = await tar([{ name: 'pause', content: pauseProgram(architecture), mode: 0o755 }])
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: '2000-01-01T00:00:00Z',
      config: { Entrypoint: ['/pause'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: '2000-01-01T00:00:00Z', comment: 'the program of Skiff pod sandboxes' }],
    }),
  )
  const configName = `${sha256(config)}.json`
  const layerName = `${sha256(layer)}/layer.tar`
  const manifest = [{ Config: configName, RepoTags: [SANDBOX_IMAGE], Layers: [layerName] }]
  return tar([
    { name: configName, content: config, mode: 0o644 },
    { name: layerName, content: layer, mode: 0o644 },
    { name: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)), mode: 0o644 },
  ])
}

async function tar(
  files: readonly { readonly name: string; readonly content: Buffer; readonly mode: number }[],
): Promise<Buffer> {
  const archive = pack()
  for (const { name, content, mode } of files) archive.entry({ name, mode, mtime: new Date(0) }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
