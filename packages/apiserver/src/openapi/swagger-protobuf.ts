/**
 * A Swagger document as gnostic's protobuf (openapi.v2.Document): what kubectl up to 1.28 insists on. Only what those read
 * is written: definitions, and of the paths the operations with their parameters and extensions.
 */

import { ProtobufMessage } from './protobuf-message.ts'
import type { Swagger } from './swagger.ts'

type JsonObject = { readonly [key: string]: unknown }

export function encodeSwagger({ swagger, info, paths, definitions }: Swagger): Buffer {
  return new ProtobufMessage()
    .string(1, swagger)
    .message(2, new ProtobufMessage().string(1, info.title).string(2, info.version))
    .message(8, namedMessages(2, paths, pathItem))
    .message(9, namedMessages(1, definitions, schemaMessage))
    .finish()
}

/** Maps are lists of names and values. */
function namedMessages(
  number: number,
  values: Readonly<Record<string, unknown>>,
  encode: (value: JsonObject) => ProtobufMessage,
): ProtobufMessage {
  const message = new ProtobufMessage()
  for (const [name, value] of Object.entries(values)) {
    message.message(number, new ProtobufMessage().string(1, name).message(2, encode(value as JsonObject)))
  }
  return message
}

const METHODS = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const

function pathItem(item: JsonObject): ProtobufMessage {
  const message = new ProtobufMessage()
  for (const [method, number] of Object.entries(METHODS)) {
    const operation = item[method] as JsonObject | undefined
    if (operation !== undefined) message.message(number, operationMessage(operation))
  }
  return withParameters(message, 9, item.parameters)
}

function operationMessage(operation: JsonObject): ProtobufMessage {
  const message = new ProtobufMessage()
    .strings(1, operation.tags)
    .string(5, operation.operationId)
    .strings(6, operation.produces)
    .strings(7, operation.consumes)
  return withExtensions(withParameters(message, 8, operation.parameters), 13, operation)
}

function withParameters(message: ProtobufMessage, number: number, parameters: unknown): ProtobufMessage {
  for (const parameter of (parameters ?? []) as JsonObject[]) {
    message.message(number, new ProtobufMessage().message(1, parameterMessage(parameter)))
  }
  return message
}

/** One of body and others; of these, one of query and path. */
function parameterMessage(parameter: JsonObject): ProtobufMessage {
  const { name, required, schema, type } = parameter
  switch (parameter.in) {
    case 'body': {
      const body = new ProtobufMessage().string(2, name).string(3, 'body').bool(4, required)
      return new ProtobufMessage().message(1, body.message(5, schemaMessage(schema as JsonObject)))
    }
    case 'query': {
      const query = new ProtobufMessage().bool(1, required).string(2, 'query').string(4, name).string(6, type).bool(20, true)
      return new ProtobufMessage().message(2, new ProtobufMessage().message(3, query))
    }
    default: {
      const path = new ProtobufMessage().bool(1, required).string(2, 'path').string(4, name).string(5, type).bool(19, true)
      return new ProtobufMessage().message(2, new ProtobufMessage().message(4, path))
    }
  }
}

function schemaMessage(schema: JsonObject): ProtobufMessage {
  const { properties, items, additionalProperties, type } = schema
  const message = new ProtobufMessage()
    .string(1, schema.$ref)
    .string(2, schema.format)
    .string(4, schema.description)
    .message(5, anyMessage(schema.default))
    .strings(19, schema.required)
  if (isObject(additionalProperties)) {
    message.message(21, new ProtobufMessage().message(1, schemaMessage(additionalProperties)))
  }
  if (typeof type === 'string') message.message(22, new ProtobufMessage().string(1, type))
  if (isObject(items)) message.message(23, new ProtobufMessage().message(1, schemaMessage(items)))
  if (isObject(properties)) message.message(25, namedMessages(1, properties, schemaMessage))
  return withExtensions(message, 31, schema)
}

function withExtensions(message: ProtobufMessage, number: number, object: JsonObject): ProtobufMessage {
  for (const [name, value] of Object.entries(object)) {
    if (name.startsWith('x-')) message.message(number, new ProtobufMessage().string(1, name).message(2, anyMessage(value)))
  }
  return message
}

/** Values of any form are YAML, which JSON is. */
function anyMessage(value: unknown): ProtobufMessage | undefined {
  return value === undefined ? undefined : new ProtobufMessage().string(2, `${JSON.stringify(value)}\n`)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}
