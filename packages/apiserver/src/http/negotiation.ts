/** Which form of an answer a client can read: elements of Accept in order, the first that we can make wins. */

import { ApiError } from '@skiff/api'

export interface AnswerForm {
  readonly syntax: 'json' | 'yaml'
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'
  /** Of meta.k8s.io, for the last three. */
  readonly version: 'v1' | 'v1beta1'
  /** Asked for by `managedFields=none` beside `as`, Skiff's own: nobody who only looks at metadata looks at who set which field. */
  readonly omitsManagedFields: boolean
  readonly pretty: boolean
}

export interface MediaType {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

const PLAIN_JSON: AnswerForm = { syntax: 'json', as: 'object', version: 'v1', omitsManagedFields: false, pretty: false }

const NO_PARAMETERS: MediaType['parameters'] = {}

const TRANSFORMS: ReadonlySet<string> = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'])

/** What the answer may be turned into: reviews are never Tables. */
export interface Offer {
  readonly transforms: boolean
  /** False: metadata only, as of a watch that begins with what there is (KEP-3157). */
  readonly tables?: boolean
}

/** Throws NotAcceptable. */
export function negotiate(accept: string | undefined, pretty: boolean, offer: Offer): AnswerForm {
  if (accept === undefined || accept === '' || accept === 'application/json') return { ...PLAIN_JSON, pretty }
  for (const media of parseAccept(accept)) {
    const form = formOf(media, offer)
    if (form !== undefined) return { ...form, pretty: pretty || media.parameters.pretty === '1' }
  }
  throw notAcceptable()
}

export function notAcceptable(): ApiError {
  const supported = 'application/json, application/yaml'
  return new ApiError('NotAcceptable', `only the following media types are accepted: ${supported}`, { details: {} })
}

export function parseAccept(accept: string): MediaType[] {
  return accept.split(',').map(parseMediaType)
}

export function parseMediaType(text: string): MediaType {
  if (!text.includes(';')) return { type: text.trim().toLowerCase(), parameters: NO_PARAMETERS }
  const [type = '', ...rest] = text.split(';')
  const parameters: Record<string, string> = {}
  for (const parameter of rest) {
    const [name = '', value = ''] = parameter.split('=')
    parameters[name.trim().toLowerCase()] = value.trim()
  }
  return { type: type.trim().toLowerCase(), parameters }
}

function formOf({ type, parameters }: MediaType, offer: Offer): AnswerForm | undefined {
  const syntax = syntaxOf(type)
  if (syntax === undefined) return undefined
  const { as, v, g } = parameters
  if (as === undefined) return { ...PLAIN_JSON, syntax }
  if (as === 'Table' && offer.tables === false) return undefined
  if (!offer.transforms || g !== 'meta.k8s.io' || !TRANSFORMS.has(as) || (v !== 'v1' && v !== 'v1beta1')) return undefined
  const omitsManagedFields = parameters.managedfields === 'none'
  return { syntax, as: as as AnswerForm['as'], version: v, omitsManagedFields, pretty: false }
}

function syntaxOf(type: string): AnswerForm['syntax'] | undefined {
  switch (type) {
    case 'application/json':
    case '*/*':
    case 'application/*':
      return 'json'
    case 'application/yaml':
      return 'yaml'
    default:
      return undefined
  }
}
