/**
 * Builds the image in which the agent runs where it may not run on the host itself (no root, but a Docker socket): the
 * programs that it calls, and nothing of ours; the tree is mounted into it. Made of this machine's own programs, so that
 * no registry is needed; where they are missing, of Debian's from Docker Hub (the stage `programs` of the Dockerfile).
 * docs/decisions/0006-agent-in-a-container.md
 *
 *   scripts/with-node scripts/agent-image.ts [--docker-host unix:///var/run/docker.sock]
 */
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import Docker from 'dockerode'
import { pack } from 'tar-stream'
import { AGENT_IMAGE } from '../packages/cli/src/up/agent-container-options.ts'
import { buildImage, type File, fileOf, librariesOf, textFile } from './lib/docker-image.ts'

/** What agent and proxy execute, and what bin/skiff needs as a shell script. */
const PROGRAMS = [
  'nft',
  'ip',
  'iptables',
  'conntrack',
  'nsenter',
  'mount',
  'umount',
  'setpriv',
  'sh',
  'readlink',
  'dirname',
  'uname',
]
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
/** Where the distributions keep iptables' extensions. */
const EXTENSIONS = [
  '/usr/lib/x86_64-linux-gnu/xtables',
  '/usr/lib/aarch64-linux-gnu/xtables',
  '/usr/lib64/xtables',
  '/usr/lib/xtables',
  '/usr/local/lib/xtables',
]

const { values } = parseArgs({ options: { 'docker-host': { type: 'string', default: 'unix:///var/run/docker.sock' } } })
const docker = new Docker({ socketPath: values['docker-host'].replace(/^unix:\/\//, '') })

const missing = PROGRAMS.filter((name) => find(name) === undefined)
if (missing.length === 0)
  await buildImage(docker, {
    name: AGENT_IMAGE,
    from: 'scratch',
    files: hostPrograms(),
    instructions: ['ENV PATH=/usr/sbin:/usr/bin'],
  })
else await buildFromDebian(missing)

function find(program: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, program)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function hostPrograms(): File[] {
  const found = PROGRAMS.map((name) => ({ name, path: realpathSync(find(name) ?? '') }))
  const extensions = EXTENSIONS.filter(existsSync)
    .slice(0, 1)
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /^lib(xt|ipt)_.*\.so$/.test(name))
        .map((name) => join(folder, name)),
    )
  return [
    ...found.map(({ name, path }) => fileOf(path, `usr/sbin/${name}`, 0o755)),
    // bin/skiff names its interpreter so.
    fileOf(find('sh') ?? '', 'bin/sh', 0o755),
    ...extensions.map((path) => fileOf(path, path.slice(1))),
    ...librariesOf([process.execPath, ...found.map(({ path }) => path), ...extensions]),
    textFile('etc/passwd', 'root:x:0:0:root:/:/bin/sh\n'),
    textFile('etc/group', 'root:x:0:\n'),
    textFile('etc/nsswitch.conf', 'hosts: files dns\n'),
    textFile('tmp/.keep', ''),
    textFile('run/.keep', ''),
  ]
}

async function buildFromDebian(missing: readonly string[]): Promise<void> {
  const context = pack()
  context.entry({ name: 'Dockerfile' }, readFileSync(join(dirname(import.meta.dirname), 'Dockerfile')))
  context.finalize()
  try {
    const output = await docker.buildImage(context as unknown as NodeJS.ReadableStream, {
      t: AGENT_IMAGE,
      target: 'programs',
      forcerm: true,
    })
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(output, (error, lines: { error?: string }[]) => {
        const failure = error?.message ?? lines?.find((line) => line.error)?.error
        if (failure) reject(new Error(failure))
        else resolve()
      })
    })
    console.log(`${AGENT_IMAGE} built from Debian's packages`)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    console.error(
      `skiff: the agent's image can't be built: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing on this machine, and Debian's can't be had from Docker Hub (${words}). ` +
        'Let somebody with root install them (apt-get install nftables iproute2 iptables conntrack util-linux), or let this machine reach Docker Hub.',
    )
    process.exitCode = 1
  }
}
