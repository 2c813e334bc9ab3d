/** Which objects a list, a watch or a deletecollection is about. */

import {
  badRequest,
  type FieldRequirement,
  type KubeObject,
  type LabelRequirement,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '@skiff/api'
import type { RequestInfo } from '../http/request-context.ts'
import type { ResourceDefinition } from '../registry/resource-definition.ts'

export interface Selection {
  /** Nothing is left out: no object needs to be looked at. */
  readonly everything: boolean
  /** Only this one name can match. */
  readonly name: string | undefined
  matches(object: KubeObject): boolean
}

type Selectable = Pick<ResourceDefinition, 'selectableFields'>

/** Throws BadRequest for selectors that can't be parsed and for fields that the kind doesn't offer. */
export function parseSelection(definition: Selectable, info: Pick<RequestInfo, 'query' | 'name'>): Selection {
  const labels = parseLabelSelector(info.query.get('labelSelector') ?? '')
  const fields = [...parseFieldSelector(info.query.get('fieldSelector') ?? ''), ...nameRequirement(info.name)]
  const readers = fields.map((requirement) => fieldReader(definition, requirement.field))
  return {
    everything: labels.length === 0 && fields.length === 0,
    name: fields.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value,
    matches: (object) =>
      matchesFields(fields, readers, object) && matchesLabels(labels as LabelRequirement[], object.metadata.labels),
  }
}

/** `/api/v1/watch/namespaces/ns/pods/name`, the old form. */
function nameRequirement(name: string): FieldRequirement[] {
  return name === '' ? [] : [{ field: 'metadata.name', operator: '=', value: name }]
}

type FieldReader = (object: KubeObject) => string

function matchesFields(fields: readonly FieldRequirement[], readers: readonly FieldReader[], object: KubeObject): boolean {
  return fields.every(({ operator, value }, index) => {
    const equal = readers[index]?.(object) === value
    return operator === '=' ? equal : !equal
  })
}

const EVERY_KIND: Readonly<Record<string, FieldReader>> = {
  'metadata.name': (object) => object.metadata.name,
  'metadata.namespace': (object) => object.metadata.namespace ?? '',
}

function fieldReader(definition: Selectable, field: string): FieldReader {
  if (Object.hasOwn(EVERY_KIND, field)) return EVERY_KIND[field] as FieldReader
  const own = definition.selectableFields ?? {}
  if (Object.hasOwn(own, field)) return own[field] as FieldReader
  if (definition.selectableFields !== undefined) throw badRequest(`field label not supported: ${field}`)
  const quoted = JSON.stringify(field)
  throw badRequest(`${quoted} is not a known field selector: only "metadata.name", "metadata.namespace"`)
}
