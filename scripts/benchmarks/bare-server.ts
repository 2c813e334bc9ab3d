/** Runs bare-https-server.ts with a certificate of its own, of the same kind as the master's (ECDSA P-256). */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SkiffProcess } from './processes.ts'

const BY_NODE: ReadonlySet<string> = new Set(['date', 'connection', 'keep-alive', 'content-length'])

export interface KnownAnswer {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export class BareServer implements AsyncDisposable {
  readonly url: string
  readonly process: SkiffProcess
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, folder: string, port: string) {
    this.#child = child
    this.#folder = folder
    this.url = `https://127.0.0.1:${port}`
    this.process = { pid: child.pid ?? 0, component: 'bare' }
  }

  /** Its answers carry these headers and those that Node adds to every answer. */
  static async start({ body, headers }: KnownAnswer): Promise<BareServer> {
    const folder = mkdtempSync(join(tmpdir(), 'skiff-bench-'))
    const [cert, key, file] = ['cert.pem', 'key.pem', 'answer'].map((name) => join(folder, name)) as [string, string, string]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-subj', '/CN=bare', '-days', '1'], {
      stdio: 'ignore',
    })
    writeFileSync(file, body)
    const program = join(import.meta.dirname, 'bare-https-server.ts')
    const sent = Object.entries(headers).filter(([name]) => !BY_NODE.has(name))
    const args = [program, cert, key, file, JSON.stringify(Object.fromEntries(sent))]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [port] = await once(child.stdout, 'data')
    return new BareServer(child, folder, String(port).trim())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'close')
    this.#child.kill()
    await ended
    rmSync(this.#folder, { recursive: true })
  }
}
