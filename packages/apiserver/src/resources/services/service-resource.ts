import { dns1035LabelProblems, SERVICES, type Service } from '@skiff/api'
import type { ResourceDefinition } from '../../registry/resource-definition.ts'
import { labelsCell, objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn, wideColumn } from '../columns.ts'
import { keepStatus } from '../status.ts'
import { allocateAddress } from './allocators/cluster-ips.ts'
import { allocateNodePorts } from './allocators/node-ports.ts'
import { dropUnusedFields, keepAllocated } from './carry-over.ts'
import { defaultService } from './default-service.ts'
import { serviceWarnings } from './service-warnings.ts'
import { validateService, validateServiceUpdate } from './validate-service.ts'

export const serviceResource: ResourceDefinition = {
  info: SERVICES,
  subresources: ['status', 'proxy'],
  deleteReturnsObject: true,
  createOnUpdate: true,
  strategy: {
    default: (service: Service) => defaultService(service),
    prepareForCreate(service: Service, context) {
      service.status = { loadBalancer: {} }
      dropUnusedFields(service)
      allocateAddress(service, undefined, context)
      allocateNodePorts(service, undefined, context)
    },
    prepareForUpdate(service: Service, old: Service, context) {
      keepStatus(service, old)
      keepAllocated(service, old)
      dropUnusedFields(service)
      allocateAddress(service, old, context)
      allocateNodePorts(service, old, context)
    },
    validate: (service: Service) => validateService(service),
    validateUpdate: (service: Service, old: Service) => validateServiceUpdate(service, old),
    warnings: (service: Service) => serviceWarnings(service),
    nameProblems: dns1035LabelProblems,
  },
  selectableFields: {
    'spec.clusterIP': (service) => (service as unknown as Service).spec.clusterIP ?? '',
    'spec.type': (service) => (service as unknown as Service).spec.type ?? '',
  },
  columns: {
    columns: [
      NAME_COLUMN,
      textColumn('Type', 'How the service is reached.'),
      textColumn('Cluster-IP', 'Its address inside the cluster.'),
      textColumn('External-IP', 'Its addresses outside the cluster.'),
      textColumn('Port(s)', 'Its ports, with their node ports.'),
      AGE_COLUMN,
      wideColumn('Selector', 'Labels of the pods behind it.'),
    ],
    cells: (service: Service, now) => [
      service.metadata.name,
      service.spec.type ?? '',
      service.spec.clusterIPs?.[0] || service.spec.clusterIP || '<none>',
      externalAddresses(service),
      ports(service),
      objectAge(service, now),
      labelsCell(service.spec.selector),
    ],
  },
}

function externalAddresses({ spec, status }: Service): string {
  const listed = spec.externalIPs ?? []
  switch (spec.type) {
    case 'ExternalName':
      return spec.externalName ?? '<none>'
    case 'LoadBalancer': {
      const given = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
      return [...given, ...listed].filter((address) => address !== '').join(',') || '<pending>'
    }
    default:
      return listed.join(',') || '<none>'
  }
}

function ports({ spec }: Service): string {
  const texts = (spec.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`)
  return texts.join(',') || '<none>'
}
