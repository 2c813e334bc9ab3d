/** An answer's bytes in the form that was negotiated. Plain JSON copies the stored bytes. */

import { ApiError, badRequest, type KubeObject } from '@skiff/api'
import { stringify as toYaml } from 'yaml'
import type { ResourceRegistry } from '../registry/resource-registry.ts'
import type { StoredObject } from '../registry/stored-object.ts'
import { type IncludeObject, metadataOnly, tableOf } from '../table/table.ts'
import type { Answer, ListAnswer } from './call.ts'
import { ListBody } from './list-body.ts'
import type { AnswerForm } from './negotiation.ts'

export interface Encoding {
  readonly form: AnswerForm
  readonly includeObject: IncludeObject
  readonly now: Date
}

export interface Encoded {
  readonly contentType: 'application/json' | 'application/yaml'
  readonly bytes: Buffer | ListBody
}

export function encodeAnswer(answer: Answer, encoding: Encoding): Encoded {
  const bytes = storedBytes(answer, encoding.form)
  if (bytes !== undefined) return { contentType: 'application/json', bytes }
  return encodeValue(plainValue(answer, encoding), encoding.form)
}

export function encodeValue(value: object, { syntax, pretty }: Pick<AnswerForm, 'syntax' | 'pretty'>): Encoded {
  if (syntax === 'yaml') {
    const text = toYaml(value, {
      version: '1.1',
      sortMapEntries: true,
      aliasDuplicateObjects: false,
      indentSeq: false,
      lineWidth: 0,
    })
    return { contentType: 'application/yaml', bytes: Buffer.from(text) }
  }
  const text = pretty ? `${JSON.stringify(value, undefined, 2)}\n` : JSON.stringify(value)
  return { contentType: 'application/json', bytes: Buffer.from(text) }
}

/** Throws BadRequest for an unknown `includeObject`. */
export function parseIncludeObject(value: string | null): IncludeObject {
  if (value === null || value === '') return 'Metadata'
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value
  throw badRequest(`unrecognized includeObject value: "${value}"`)
}

function storedBytes(answer: Answer, form: AnswerForm): Encoded['bytes'] | undefined {
  if (form.syntax !== 'json' || form.as !== 'object' || form.pretty) return undefined
  if (answer.type === 'object') return answer.stored.bytes
  return answer.type === 'list' ? listBody(answer.resource, answer.list) : undefined
}

function listBody(resource: ResourceRegistry, list: ListAnswer): ListBody {
  const head = JSON.stringify({ ...listHead(resource), metadata: listMetadata(list) })
  const { headLength } = resource
  return new ListBody({ head: Buffer.from(`${head.slice(0, -1)},"items":[`), items: list.items, headLength })
}

function listHead(resource: ResourceRegistry): { kind: string; apiVersion: string } {
  return { kind: resource.definition.custom?.listKind ?? `${resource.info.kind}List`, apiVersion: resource.apiVersion }
}

function listMetadata(list: ListAnswer): object {
  return {
    resourceVersion: list.resourceVersion,
    ...(list.continue === undefined ? {} : { continue: list.continue }),
    ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
  }
}

function plainValue(answer: Answer, encoding: Encoding): object {
  switch (answer.type) {
    case 'value':
      return valueOrTable(answer, encoding)
    case 'object':
      return objectValue(answer, encoding)
    case 'list':
      return listValue(answer, encoding)
  }
}

function valueOrTable({ value, columns }: Extract<Answer, { type: 'value' }>, encoding: Encoding): object {
  const { as } = encoding.form
  if (as !== 'Table' || columns === undefined) return value
  const { items, metadata } = value as { readonly items?: readonly KubeObject[] } & KubeObject
  const objects = items ?? [value as KubeObject]
  const { resourceVersion } = metadata
  return tableOf({ columns }, objects, { resourceVersion }, { ...encoding, ...encoding.form, withColumns: true })
}

function objectValue({ stored, resource }: Extract<Answer, { type: 'object' }>, encoding: Encoding): object {
  const { as } = encoding.form
  switch (as) {
    case 'object':
      return stored.object
    case 'PartialObjectMetadata':
      return metadataOnly(stored.object, encoding.form)
    case 'PartialObjectMetadataList':
      throw wrongTransform('PartialObjectMetadataList', resource.info.kind)
    case 'Table': {
      const metadata = { resourceVersion: stored.object.metadata.resourceVersion }
      return tableOf(resource.definition, [stored.object], metadata, { ...encoding, ...encoding.form, withColumns: true })
    }
  }
}

function listValue({ list, resource }: Extract<Answer, { type: 'list' }>, encoding: Encoding): object {
  const { as, version } = encoding.form
  const metadata = listMetadata(list)
  switch (as) {
    case 'object':
      return { ...listHead(resource), metadata, items: list.items.map(resource.definition.custom ? wholeObject : withoutType) }
    case 'PartialObjectMetadata':
      throw wrongTransform('PartialObjectMetadata', `${resource.info.kind}List`)
    case 'PartialObjectMetadataList': {
      const items = list.items.map(({ object }) => metadataOnly(object, encoding.form))
      return { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}`, metadata, items }
    }
    case 'Table': {
      const objects = list.items.map(({ object }) => object)
      return tableOf(resource.definition, objects, metadata, { ...encoding, ...encoding.form, withColumns: true })
    }
  }
}

function wholeObject({ object }: StoredObject): object {
  return object
}

function withoutType({ object }: StoredObject): object {
  const { kind: _, apiVersion: __, ...rest } = object
  return rest
}

function wrongTransform(asked: string, kind: string): ApiError {
  return new ApiError('NotAcceptable', `you requested ${asked}, but the requested object is a ${kind}`)
}
