/**
 * Builds the sample applications' images on this machine's Docker daemon, without any registry: the project's own
 * Node binary with the libraries it links to, and each service's few files on top. What is already built from the
 * same files is left alone.
 *
 *   scripts/with-node scripts/sample-images.ts [--docker-host unix:///var/run/docker.sock]
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { parseArgs } from 'node:util'
import Docker from 'dockerode'
import tar from 'tar-stream'

const MANIFESTS = join(import.meta.dirname, '..', 'manifests')
const BASE_IMAGE = 'skiff-sample/node:24'
const SOURCES_LABEL = 'dev.skiff/sources'
/** glibc loads these by name when it resolves names, so that `ldd` doesn't list them. Not all releases have them. */
const NAME_SERVICE_LIBRARIES = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']

interface File {
  readonly name: string
  readonly content: Buffer
  readonly mode: number
}

const { values } = parseArgs({ options: { 'docker-host': { type: 'string', default: 'unix:///var/run/docker.sock' } } })
const docker = new Docker({ socketPath: values['docker-host'].replace(/^unix:\/\//, '') })

await buildImage(docker, { name: BASE_IMAGE, from: 'scratch', files: nodeFiles(), instructions: ['ENV PATH=/usr/bin', 'WORKDIR /app'] })
for (const { image, folder, program } of services()) {
  const files = readdirSync(join(MANIFESTS, folder)).map((name) => fileOf(join(MANIFESTS, folder, name), `app/${name}`))
  await buildImage(docker, { name: image, from: BASE_IMAGE, files, instructions: ['EXPOSE 80', `CMD ["node", "/app/${program}"]`] })
}

function services(): { image: string; folder: string; program: string }[] {
  const blog = ['client', 'posts', 'comments', 'query', 'moderation', 'event-bus']
  return [
    ...blog.map((name) => ({ image: `skiff-sample/${name}:1`, folder: 'blog', program: `${name}.js` })),
    { image: 'skiff-sample/hello:1', folder: 'hello', program: 'server.js' },
  ]
}

/** The Node that runs this script, its libraries at the paths where the loader looks, and the little that /etc needs. */
function nodeFiles(): File[] {
  const libraries = [...execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(/(\/\S+)\s+\(0x/g)].flatMap((match) => match[1] ?? [])
  const folder = libraries.find((path) => basename(path).startsWith('libc.so'))?.replace(/\/[^/]*$/, '') ?? '/lib'
  const loadedByName = NAME_SERVICE_LIBRARIES.map((name) => join(folder, name)).filter(existsSync)
  const text = (name: string, content: string): File => ({ name, content: Buffer.from(content), mode: 0o644 })
  return [
    fileOf(process.execPath, 'usr/bin/node', 0o755),
    ...[...libraries, ...loadedByName].map((path) => fileOf(path, path.slice(1), 0o755)),
    text('etc/passwd', 'root:x:0:0:root:/:/usr/bin/node\nnobody:x:65534:65534:nobody:/:/usr/bin/node\n'),
    text('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    text('tmp/.keep', ''),
  ]
}

function fileOf(path: string, name: string, mode = 0o644): File {
  return { name, content: readFileSync(realpathSync(path)), mode }
}

interface Image {
  readonly name: string
  readonly from: string
  readonly files: readonly File[]
  readonly instructions: readonly string[]
}

async function buildImage(docker: Docker, image: Image): Promise<void> {
  const base = image.from === 'scratch' ? '' : (await docker.getImage(image.from).inspect()).Id
  const sources = hashOf(image, base)
  if ((await labelOf(docker, image.name)) === sources) return console.log(`${image.name} is up to date`)
  const dockerfile = [`FROM ${image.from}`, 'COPY root/ /', ...image.instructions, `LABEL ${SOURCES_LABEL}=${sources}`].join('\n')
  const pack = tar.pack()
  pack.entry({ name: 'Dockerfile' }, dockerfile)
  for (const file of image.files) pack.entry({ name: `root/${file.name}`, mode: file.mode }, file.content)
  pack.finalize()
  const output = await docker.buildImage(Readable.from(pack).pipe(createGzip({ level: 1 })), { t: image.name, forcerm: true, version: '1' })
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
