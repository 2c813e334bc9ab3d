import type { KindInfo, KubeObject } from '@skiff/api'
import type { AdmissionRequest, UserInfo } from '../../http/request-context.ts'
import type { Registry } from '../../registry/registry.ts'
import { scaleOf } from '../../verbs/scale.ts'

/** A request as webhooks and policies are shown it. */
export interface Reviewed {
  readonly operation: AdmissionRequest['operation']
  readonly user: UserInfo
  /** Of the resource in the path. */
  readonly info: KindInfo
  /** Of `object`: another than the resource's where a subresource has a kind of its own. */
  readonly kind: Pick<KindInfo, 'group' | 'version' | 'kind'>
  readonly subresource: string
  /** A Namespace is in itself. */
  readonly namespace: string
  readonly name: string
  readonly object: KubeObject | undefined
  readonly old: KubeObject | undefined
  readonly options: object
  readonly dryRun: boolean
  readonly takesTime: AdmissionRequest['takesTime']
}

export function reviewedOf(request: AdmissionRequest, registry: Registry): Reviewed {
  const { operation, user, info, subresource, object, old, options, dryRun, takesTime } = request
  const name = request.name || object?.metadata.name || ''
  const namespace = isNamespace(info) ? name : request.namespace
  const common = { operation, user, info, kind: info, subresource, namespace, name, object, old, options, dryRun, takesTime }
  switch (subresource) {
    case 'binding':
      return { ...common, operation: 'CREATE', kind: BINDING, object: bindingOf(request), old: undefined }
    case 'scale': {
      const paths = registry.find(info)?.definition.scale
      const shown = (each: KubeObject | undefined) => each && paths && (scaleOf(paths, each) as unknown as KubeObject)
      return { ...common, kind: SCALE, object: shown(object), old: shown(old) }
    }
    default:
      return object === undefined || operation === 'UPDATE' ? common : { ...common, kind: kindOf(object, info) }
  }
}

const BINDING = { group: '', version: 'v1', kind: 'Binding' } as const
const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const

export function isNamespace({ group, resource }: Pick<KindInfo, 'group' | 'resource'>): boolean {
  return group === '' && resource === 'namespaces'
}

/** Options of CONNECT and evictions say themselves of what kind they are. */
function kindOf(object: KubeObject, info: KindInfo): Reviewed['kind'] {
  const { apiVersion, kind } = object
  if (typeof kind !== 'string' || typeof apiVersion !== 'string' || kind === '') return info
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  return { group, version, kind }
}

function bindingOf({ object, namespace, name }: AdmissionRequest): KubeObject {
  const node = (object?.spec as { nodeName?: string } | undefined)?.nodeName ?? ''
  return {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace },
    target: { kind: 'Node', name: node },
  } as unknown as KubeObject
}
