import { join } from 'node:path'
import type { TestHost } from './test-host.ts'

const SKIFF = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'skiff')

/** `skiff` on the host, as root with a home directory of his own, `user` in the host's folder; its state is in `state` there. */
export function skiffOn(host: TestHost, args: readonly string[], input = ''): Promise<string> {
  const { folder } = host.host
  const env = [
    `HOME=${join(folder, 'user')}`,
    `SKIFF_HOME=${join(folder, 'state')}`,
    `DOCKER_HOST=${host.dockerHost}`,
    'KUBECONFIG=',
  ]
  return host.exec(['env', ...env, SKIFF, ...args], input)
}
