import { ApiError } from '@skiff/api'

export function noSuchResource(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource', { details: {} })
}

export function methodNotAllowed(): ApiError {
  return new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} })
}
