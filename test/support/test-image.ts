/** Images without a registry: this machine's static busybox, and a folder per image. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { pack } from 'tar-stream'

const APPLETS = [
  'cat',
  'echo',
  'false',
  'grep',
  'head',
  'hostname',
  'httpd',
  'id',
  'ip',
  'kill',
  'ls',
  'mkdir',
  'nc',
  'ping',
  'rm',
  'sh',
  'sleep',
  'stat',
  'tail',
  'tar',
  'touch',
  'tr',
  'true',
  'wc',
]

/** Changes that make an image a server of its folder /www. As first process httpd would not hear of SIGTERM; the shell does. */
export const WEB_SERVER = [`CMD ["sh", "-c", "trap 'exit 0' TERM; httpd -f -v -p 80 -h /www & wait"]`, 'ENV PATH=/bin'] as const

/** Imports an image into the host's engine; `files` come on top, so that images differ. Gives its id. */
export async function importBusybox(
  host: { readonly dockerHost: string },
  name: string,
  options: {
    readonly files?: Readonly<Record<string, string>>
    readonly changes?: readonly string[]
    /** False: an image without /tmp. */
    readonly tmp?: boolean
  } = {},
): Promise<string> {
  const archive = pack()
  archive.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync('/bin/busybox'))
  for (const applet of APPLETS) archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' })
  if (options.tmp !== false) archive.entry({ name: 'tmp', type: 'directory', mode: 0o1777 })
  for (const [path, content] of Object.entries(options.files ?? {})) archive.entry({ name: path, mode: 0o755 }, content)
  archive.finalize()
  const changes = (options.changes ?? ['CMD ["sh"]']).flatMap((change) => ['-c', change])
  const child = spawn('docker', ['-H', host.dockerHost, 'import', ...changes, '-', name], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  // What is wrong it says itself.
  child.stdin.on('error', () => undefined)
  archive.pipe(child.stdin)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`docker import ended with ${code}`)
  return output.trim()
}
