import type { AccessAttributes } from '../http/request-context.ts'

export const NO_ATTRIBUTES: AccessAttributes = {
  verb: '',
  isResource: false,
  path: '',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
}
