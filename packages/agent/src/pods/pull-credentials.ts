import type { Pod, Secret } from '@skiff/api'
import type { ConfigSource } from '../containers/environment.ts'
import { credentialsOfAuths, type DockerAuth } from '../images/docker-config.ts'
import type { RegistryCredentials } from '../runtime/runtime.ts'

/** What the pod's imagePullSecrets hold; missing and malformed ones are passed over, as the kubelet does. */
export async function pullCredentials(pod: Pod, config: ConfigSource): Promise<readonly RegistryCredentials[]> {
  const credentials: RegistryCredentials[] = []
  for (const { name } of pod.spec.imagePullSecrets ?? []) {
    const secret = name ? await config.secret(pod.metadata.namespace ?? '', name) : undefined
    if (secret !== undefined) credentials.push(...credentialsOf(secret))
  }
  return credentials
}

function credentialsOf({ data = {} }: Secret): readonly RegistryCredentials[] {
  const text = data['.dockerconfigjson'] ?? data['.dockercfg']
  if (text === undefined) return []
  try {
    const parsed = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as { auths?: Record<string, DockerAuth> }
    return credentialsOfAuths(parsed.auths ?? (parsed as Record<string, DockerAuth>))
  } catch {
    return []
  }
}
