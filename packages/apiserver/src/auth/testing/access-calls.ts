import { ApiError, ROLE_BINDINGS } from '@skiff/api'
import type { ApiClient } from '@skiff/client'

export interface AskedFor {
  readonly method: string
  readonly path: string
  readonly headers: object
  readonly body?: unknown
}

export async function ask(
  client: ApiClient,
  { method, path, headers, body }: AskedFor,
): Promise<{ status: number; body: unknown }> {
  const { 'content-type': contentType, accept: _, ...rest } = headers as Record<string, string>
  try {
    const response = await client.request(method, path, {
      headers: rest,
      ...(body === undefined ? {} : { body }),
      ...(contentType === undefined ? {} : { contentType }),
    })
    return { status: response.status, body: JSON.parse(response.body.toString()) }
  } catch (error) {
    if (error instanceof ApiError) return { status: error.code, body: error.toStatus() }
    throw error
  }
}

export async function post(client: ApiClient, path: string, body: object): Promise<{ status: unknown }> {
  const response = await client.request('POST', path, { body })
  return JSON.parse(response.body.toString()) as { status: unknown }
}

export async function whoAmI(client: ApiClient): Promise<unknown> {
  const { status } = await post(client, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {})
  return (status as { userInfo: unknown }).userInfo
}

export async function requestToken(client: ApiClient, spec: object): Promise<string> {
  const { status } = await post(client, '/api/v1/namespaces/default/serviceaccounts/joe/token', { spec })
  return (status as { token: string }).token
}

export function decodeClaims(token: string): object {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object
}

export async function bind(
  client: ApiClient,
  namespace: string,
  role: { kind: string; name: string },
  user: string,
): Promise<void> {
  await client.create(ROLE_BINDINGS, {
    metadata: { name: `${role.name}-${user}`, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...role },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  } as object)
}
