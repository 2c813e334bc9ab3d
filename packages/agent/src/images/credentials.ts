import type { RegistryCredentials } from '../runtime/runtime.ts'
import { DEFAULT_REGISTRY, type ImageReference } from './reference.ts'

/** Those meant for the image's registry, the most specific path first: all are tried, as the kubelet does. */
export function credentialsFor(reference: ImageReference, all: readonly RegistryCredentials[]): readonly RegistryCredentials[] {
  const name = `${reference.registry}/${reference.repository}`
  return all
    .map((credentials) => ({ credentials, scope: registryOf(credentials.registry) }))
    .filter(({ scope }) => name === scope || name.startsWith(`${scope}/`))
    .sort((a, b) => b.scope.length - a.scope.length)
    .map(({ credentials }) => credentials)
}

/** As image names have it, perhaps with a path: `https://index.docker.io/v1/` is how `docker login` writes Docker Hub. */
export function registryOf(registry: string): string {
  const bare = registry.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '')
  return bare === 'index.docker.io' || bare === '' ? DEFAULT_REGISTRY : bare
}
