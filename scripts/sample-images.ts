/**
 * Builds the sample applications' images on this machine's Docker daemon, without any registry: the project's own
 * Node binary with the libraries it links to, and each service's few files on top. What is already built from the
 * same files is left alone.
 *
 *   scripts/with-node scripts/sample-images.ts [--docker-host unix:///var/run/docker.sock]
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Docker from 'dockerode'
import { buildImage, type File, fileOf, librariesOf, textFile } from './lib/docker-image.ts'

const MANIFESTS = join(import.meta.dirname, '..', 'manifests')
const BASE_IMAGE = 'skiff-sample/node:24'

const { values } = parseArgs({ options: { 'docker-host': { type: 'string', default: 'unix:///var/run/docker.sock' } } })
const docker = new Docker({ socketPath: values['docker-host'].replace(/^unix:\/\//, '') })

await buildImage(docker, {
  name: BASE_IMAGE,
  from: 'scratch',
  files: nodeFiles(),
  instructions: ['ENV PATH=/usr/bin', 'WORKDIR /app'],
})
for (const { image, folder, program } of services()) {
  const files = readdirSync(join(MANIFESTS, folder)).map((name) => fileOf(join(MANIFESTS, folder, name), `app/${name}`))
  await buildImage(docker, {
    name: image,
    from: BASE_IMAGE,
    files,
    instructions: ['EXPOSE 80', `CMD ["node", "/app/${program}"]`],
  })
}

function services(): { image: string; folder: string; program: string }[] {
  const blog = ['client', 'posts', 'comments', 'query', 'moderation', 'event-bus']
  return [
    ...blog.map((name) => ({ image: `skiff-sample/${name}:1`, folder: 'blog', program: `${name}.js` })),
    { image: 'skiff-sample/hello:1', folder: 'hello', program: 'server.js' },
  ]
}

/** The Node that runs this script, its libraries, and the little that /etc needs. */
function nodeFiles(): File[] {
  return [
    fileOf(process.execPath, 'usr/bin/node', 0o755),
    ...librariesOf([process.execPath]),
    textFile('etc/passwd', 'root:x:0:0:root:/:/usr/bin/node\nnobody:x:65534:65534:nobody:/:/usr/bin/node\n'),
    textFile('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
    textFile('etc/nsswitch.conf', 'hosts: files dns\n'),
    textFile('tmp/.keep', ''),
  ]
}
