import { addressOfNode, findCondition, NODES, type Node, nodeIsReady } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn, wideColumn } from '../columns.ts'
import { canonicalResourceList } from '../quantities.ts'
import { keepStatus } from '../status.ts'
import { validateNode, validateNodeUpdate } from './validate-node.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'

export const nodeResource: ResourceDefinition = {
  info: NODES,
  subresources: ['status', 'proxy'],
  strategy: {
    default: (node: Node) => defaultNode(node),
    prepareForUpdate: (node: Node, old: Node) => keepStatus(node, old),
    validate: (node: Node) => validateNode(node),
    validateUpdate: (node: Node, old: Node) => validateNodeUpdate(node, old),
  },
  selectableFields: { 'spec.unschedulable': (node) => String((node as unknown as Node).spec?.unschedulable ?? false) },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Status', 'Whether the node is ready and takes pods.'),
      textColumn('Roles', 'The roles that its labels give it.'),
      AGE_COLUMN,
      textColumn('Version', 'Version that the node reports.'),
      wideColumn('Internal-IP', 'Address inside the cluster.'),
      wideColumn('External-IP', 'Address outside the cluster.'),
      wideColumn('OS-Image', 'Operating system.'),
      wideColumn('Kernel-Version', 'Version of its kernel.'),
      wideColumn('Container-Runtime', 'Container runtime and its version.'),
    ],
    cells: (node: Node, now) => [
      node.metadata.name,
      statusOf(node),
      rolesOf(node),
      objectAge(node, now),
      node.status?.nodeInfo?.kubeletVersion ?? '',
      addressOfNode(node) ?? '<none>',
      addressOfNode(node, 'ExternalIP') ?? '<none>',
      node.status?.nodeInfo?.osImage || '<unknown>',
      node.status?.nodeInfo?.kernelVersion || '<unknown>',
      node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
    ],
  },
}

function defaultNode(node: Node): void {
  canonicalResourceList(node.status?.capacity)
  canonicalResourceList(node.status?.allocatable)
  if (node.status?.capacity && !node.status.allocatable) node.status.allocatable = { ...node.status.capacity }
}

function statusOf(node: Node): string {
  const known = findCondition(node.status?.conditions, 'Ready') !== undefined
  const ready = !known ? 'Unknown' : nodeIsReady(node) ? 'Ready' : 'NotReady'
  return node.spec.unschedulable ? `${ready},SchedulingDisabled` : ready
}

function rolesOf(node: Node): string {
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return [key.slice(ROLE_PREFIX.length)]
    return key === 'kubernetes.io/role' ? [value] : []
  })
  return [...new Set(roles.filter((role) => role !== ''))].sort().join(',') || '<none>'
}
