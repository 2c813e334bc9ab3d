import type { Pod, Secret } from '@skiff/api'
import type { ConfigSource } from '../containers/environment.ts'
import type { RegistryCredentials } from '../runtime/runtime.ts'

interface DockerAuth {
  readonly auth?: string
  readonly username?: string
  readonly password?: string
}

/** What the pod's imagePullSecrets hold; missing and malformed ones are passed over, as the kubelet does. */
export async function pullCredentials(pod: Pod, config: ConfigSource): Promise<readonly RegistryCredentials[]> {
  const credentials: RegistryCredentials[] = []
  for (const { name } of pod.spec.imagePullSecrets ?? []) {
    const secret = name ? await config.secret(pod.metadata.namespace ?? '', name) : undefined
    if (secret !== undefined) credentials.push(...credentialsOf(secret))
  }
  return credentials
}

function credentialsOf({ data = {} }: Secret): RegistryCredentials[] {
  const text = data['.dockerconfigjson'] ?? data['.dockercfg']
  if (text === undefined) return []
  try {
    const parsed = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as { auths?: Record<string, DockerAuth> }
    const auths = parsed.auths ?? (parsed as Record<string, DockerAuth>)
    return Object.entries(auths).flatMap(([registry, auth]) => credentialOf(registry, auth))
  } catch {
    return []
  }
}

function credentialOf(registry: string, { auth, username, password }: DockerAuth): RegistryCredentials[] {
  if (username !== undefined && password !== undefined) return [{ registry, username, password }]
  const decoded = Buffer.from(auth ?? '', 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  if (colon < 0) return []
  return [{ registry, username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }]
}
