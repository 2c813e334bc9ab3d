import type { RegistryCredentials } from '../runtime/runtime.ts'

/** One entry of `auths`, in a Docker configuration or in a Secret made of one. */
export interface DockerAuth {
  readonly auth?: string
  readonly username?: string
  readonly password?: string
  readonly identitytoken?: string
}

/** The credentials of `auths`; entries without any (a helper keeps them) are passed over. */
export function credentialsOfAuths(auths: Readonly<Record<string, DockerAuth>>): readonly RegistryCredentials[] {
  return Object.entries(auths).flatMap(([registry, auth]) => credentialOf(registry, auth))
}

function credentialOf(registry: string, { auth, username, password, identitytoken }: DockerAuth): RegistryCredentials[] {
  const [user, secret] = username !== undefined && password !== undefined ? [username, password] : decodeAuth(auth ?? '')
  if (identitytoken) return [{ registry, username: user ?? '', password: '', identityToken: identitytoken }]
  return user === undefined || secret === undefined ? [] : [{ registry, username: user, password: secret }]
}

/** `base64(user:password)`; the password may hold colons. */
function decodeAuth(auth: string): readonly [string?, string?] {
  const decoded = Buffer.from(auth, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  return colon < 0 ? [] : [decoded.slice(0, colon), decoded.slice(colon + 1)]
}
