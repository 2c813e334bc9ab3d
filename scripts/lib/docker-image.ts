/** Builds images from files of this machine, without any registry: what the sample and the agent's container are made of. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type Docker from 'dockerode'
import tar from 'tar-stream'

const SOURCES_LABEL = 'dev.skiff/sources'
/** glibc loads these by name when it resolves names, so that `ldd` doesn't list them. Not all releases have them. */
const NAME_SERVICE_LIBRARIES = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']

export interface File {
  readonly name: string
  readonly content: Buffer
  readonly mode: number
}

/** Programs' shared libraries, at the paths where the loader looks for them. */
export function librariesOf(programs: readonly string[]): File[] {
  const linked = new Set(programs.flatMap(linkedLibraries))
  const folder = [...linked].find((path) => basename(path).startsWith('libc.so'))?.replace(/\/[^/]*$/, '') ?? '/lib'
  const loadedByName = NAME_SERVICE_LIBRARIES.map((name) => join(folder, name)).filter(existsSync)
  return [...new Set([...linked, ...loadedByName])].map((path) => fileOf(path, path.slice(1), 0o755))
}

function linkedLibraries(program: string): string[] {
  return [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+)\s+\(0x/g)].flatMap((match) => match[1] ?? [])
}

export function textFile(name: string, content: string): File {
  return { name, content: Buffer.from(content), mode: 0o644 }
}

export function fileOf(path: string, name: string, mode = 0o644): File {
  return { name, content: readFileSync(realpathSync(path)), mode }
}

export interface Image {
  readonly name: string
  readonly from: string
  readonly files: readonly File[]
  readonly instructions: readonly string[]
}

/** Does nothing when it is there already, made of the same files. */
export async function buildImage(docker: Docker, image: Image): Promise<void> {
  const base = image.from === 'scratch' ? '' : (await docker.getImage(image.from).inspect()).Id
  const sources = hashOf(image, base)
  if ((await labelOf(docker, image.name)) === sources) return console.log(`${image.name} is up to date`)
  const dockerfile = [`FROM ${image.from}`, 'COPY root/ /', ...image.instructions, `LABEL ${SOURCES_LABEL}=${sources}`].join('\n')
  const pack = tar.pack()
  pack.entry({ name: 'Dockerfile' }, dockerfile)
  for (const file of image.files) pack.entry({ name: `root/${file.name}`, mode: file.mode }, file.content)
  pack.finalize()
  const output = await docker.buildImage(Readable.from(pack).pipe(createGzip({ level: 1 })), {
    t: image.name,
    forcerm: true,
    version: '1',
  })
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(output, (error, lines: { error?: string }[]) => {
      const failure = error ?? lines.find((line) => line.error)?.error
      if (failure) reject(new Error(`${image.name} could not be built: ${failure instanceof Error ? failure.message : failure}`))
      else resolve()
    })
  })
  console.log(`${image.name} built`)
}

function hashOf(image: Image, base: string): string {
  const hash = createHash('sha256').update(base).update(image.instructions.join('\n'))
  for (const file of image.files) hash.update(file.name).update(file.content)
  return hash.digest('hex').slice(0, 16)
}

async function labelOf(docker: Docker, name: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(name).inspect()).Config.Labels?.[SOURCES_LABEL]
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return undefined
    throw error
  }
}
