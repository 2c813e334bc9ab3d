import { type KindInfo, type KubeObject, PODS } from '@skiff/api'
import type { Admission, RequestInfo, UserInfo } from '../http/request-context.ts'
import type { SubresourceName } from '../registry/resource-definition.ts'

interface Connection {
  readonly admission: Admission
  readonly resource: KindInfo
  readonly info: RequestInfo
  readonly user: UserInfo
}

/** Lets admission judge an exec, attach, port-forward or proxy request before anything is connected. Throws ApiError. */
export async function admitConnection({ admission, resource, info, user }: Connection): Promise<void> {
  // Reading a log connects nothing.
  if (info.subresource === 'log') return
  const request = {
    ...{ operation: 'CONNECT' as const, user, info: resource, subresource: info.subresource as SubresourceName },
    ...{ namespace: info.namespace, name: info.name, object: optionsOf(resource, info), old: undefined },
    ...{ options: {}, dryRun: false, warn: () => undefined, atEnd: () => undefined },
  }
  await admission.mutate(request)
  await admission.validate(request)
}

/** The options in the query as an object: PodExecOptions, PodAttachOptions, ServiceProxyOptions, ... */
function optionsOf(resource: KindInfo, { subresource, query, proxyPath }: RequestInfo): KubeObject {
  const typed = (kind: string, rest: object) => ({ kind, apiVersion: 'v1', ...rest }) as unknown as KubeObject
  const flags = Object.fromEntries(['stdin', 'stdout', 'stderr', 'tty'].flatMap((name) => flagOf(query, name)))
  const container = query.get('container') ? { container: query.get('container') } : {}
  if (resource.resource === PODS.resource) {
    switch (subresource) {
      case 'exec':
        return typed('PodExecOptions', { ...flags, ...container, command: query.getAll('command') })
      case 'attach':
        return typed('PodAttachOptions', { ...flags, ...container })
      case 'portforward':
        return typed('PodPortForwardOptions', { ports: query.getAll('ports').map(Number) })
    }
  }
  return typed(`${resource.kind}ProxyOptions`, proxyPath === '' ? {} : { path: proxyPath })
}

function flagOf(query: URLSearchParams, name: string): [string, boolean][] {
  const value = query.get(name)
  return value === null ? [] : [[name, value === 'true' || value === '1' || value === '']]
}
