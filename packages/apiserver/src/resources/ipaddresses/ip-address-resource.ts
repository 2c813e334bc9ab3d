import { isIP } from 'node:net'
import { type FieldError, IP_ADDRESSES, type IPAddress, path, required } from '@skiff/api'
import ipaddr from 'ipaddr.js'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateImmutable } from '../validate-immutable.ts'

export const ipAddressResource: ResourceDefinition = {
  info: IP_ADDRESSES,
  strategy: {
    nameProblems: canonicalAddressProblems,
    validate: (address: IPAddress) => validateParent(address),
    validateUpdate: ({ spec }: IPAddress, old: IPAddress) =>
      validateImmutable(spec.parentRef, old.spec.parentRef, 'spec.parentRef'),
  },
  columns: {
    columns: [NAME_COLUMN, textColumn('ParentRef', 'What the address was given to.'), AGE_COLUMN],
    cells: (address: IPAddress, now) => [address.metadata.name, parentCell(address), objectAge(address, now)],
  },
}

function canonicalAddressProblems(name: string): string[] {
  if (isIP(name) === 0) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  const canonical = ipaddr.parse(name).toString()
  return name === canonical ? [] : [`must be in canonical form ("${canonical}")`]
}

function validateParent({ spec }: IPAddress): FieldError[] {
  const at = path('spec', 'parentRef')
  const { resource, name } = spec?.parentRef ?? {}
  if (spec?.parentRef === undefined) return [required(at)]
  return [...(resource ? [] : [required(at.child('resource'))]), ...(name ? [] : [required(at.child('name'))])]
}

/** `services/default/web` */
function parentCell({ spec }: IPAddress): string {
  const { group, resource, namespace, name } = spec?.parentRef ?? {}
  const kind = group ? `${resource}.${group}` : resource
  return kind === undefined ? '<none>' : [kind, namespace, name].filter((part) => part).join('/')
}
