import { ENDPOINTS, type Endpoints } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { objectAge, shortList } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn } from '../columns.ts'
import { validateEndpoints } from './validate-endpoints.ts'

export const endpointsResource: ResourceDefinition = {
  info: ENDPOINTS,
  createOnUpdate: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  strategy: {
    default(endpoints: Endpoints) {
      for (const port of (endpoints.subsets ?? []).flatMap(({ ports }) => ports ?? [])) port.protocol ||= 'TCP'
    },
    validate: (endpoints: Endpoints) => validateEndpoints(endpoints),
  },
  columns: {
    columns: [NAME_COLUMN, textColumn('Endpoints', 'Addresses and ports that are ready.'), AGE_COLUMN],
    cells: (endpoints: Endpoints, now) => [
      endpoints.metadata.name,
      shortList(readyEndpoints(endpoints)),
      objectAge(endpoints, now),
    ],
  },
}

function readyEndpoints({ subsets = [] }: Endpoints): string[] {
  return subsets.flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip)
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)))
  })
}
