export * from './allocated-spec.ts'
export * from './autoscaling.ts'
export * from './cluster-facts.ts'
export * from './conditions.ts'
export { CronError, type CronFields, type CronSchedule, parseCronSchedule } from './cron.ts'
export { cannotHandle, type Decoded, type DecodeOptions, decodeObject, type FieldValidation } from './decode/decode-object.ts'
export {
  type DecodedProtobuf,
  decodeProtobuf,
  PROTOBUF_MEDIA_TYPE,
  type ProtobufDecodeOptions,
} from './decode/decode-protobuf.ts'
export { MAX_JSON_DEPTH, type ParsedJson, parseJson } from './decode/parse-json.ts'
export * from './errors.ts'
export * from './event-lines.ts'
export * from './field-errors.ts'
export * from './field-selectors.ts'
export * from './kinds.ts'
export * from './label-selectors.ts'
export * from './names.ts'
export * from './node-selectors.ts'
export * from './nodes.ts'
export {
  componentRef,
  groupVersionKind,
  jsonSchemaOf,
  type OpenApiSchema,
  openApiComponents,
} from './openapi/component-schema.ts'
export { type Descriptions, descriptionsStamp, readDescriptions } from './openapi/descriptions.ts'
export * from './owners.ts'
export * from './pods.ts'
export * from './quantity.ts'
export * from './quota/amounts.ts'
export { allContainersOf, amountsOfContainers, podAmounts } from './quota/pod-amounts.ts'
export { quotaScopesMatch } from './quota/scopes.ts'
export { quotaNamesOf, quotaUsage, unstatedResources } from './quota/usage.ts'
export * from './schema/schema.ts'
export { builtInKindSchemas, builtInTypeSchemas, metaSchema, schemaOf, schemaOfObject } from './schema/schema-registry.ts'
export * from './sysctls.ts'
export * from './time.ts'
export * from './tolerations.ts'
export * from './types.ts'
export { verbOf } from './verbs.ts'
export * from './volumes.ts'
