import { ENDPOINT_SLICES, type EndpointSlice } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge, shortList } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateEndpointSlice, validateEndpointSliceUpdate } from './validate-endpoint-slice.ts'

export const endpointSliceResource: ResourceDefinition = {
  info: ENDPOINT_SLICES,
  strategy: {
    default: (slice: EndpointSlice) => defaultSlice(slice),
    validate: (slice: EndpointSlice) => validateEndpointSlice(slice),
    validateUpdate: (slice: EndpointSlice, old: EndpointSlice) => validateEndpointSliceUpdate(slice, old),
    countsGenerations: true,
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('AddressType', 'IPv4, IPv6 or FQDN.'),
      textColumn('Ports', 'Ports of every endpoint.'),
      textColumn('Endpoints', 'Addresses.'),
      AGE_COLUMN,
    ],
    cells: (slice: EndpointSlice, now) => [
      slice.metadata.name,
      slice.addressType,
      shortList(portsOf(slice), '<unset>'),
      shortList(
        (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
        '<unset>',
      ),
      objectAge(slice, now),
    ],
  },
}

function defaultSlice(slice: EndpointSlice): void {
  slice.endpoints ??= []
  for (const port of slice.ports ?? []) {
    port.name ??= ''
    port.protocol ||= 'TCP'
  }
}

function portsOf({ ports = [] }: EndpointSlice): string[] {
  return ports.map(({ port, name }) => (port !== undefined ? String(port) : name || '*'))
}
