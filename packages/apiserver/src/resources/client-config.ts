import { type FieldError, type FieldPath, invalid, portNumberProblems, required } from '@skiff/api'

/** How a webhook is reached: a URL, or a Service. */
interface ClientConfig {
  readonly url?: string
  readonly service?: { readonly namespace?: string; readonly name?: string; readonly path?: string; readonly port?: number }
}

export function validateClientConfig(config: ClientConfig | undefined, field: FieldPath): FieldError[] {
  const { url, service } = config ?? {}
  if ((url === undefined) === (service === undefined)) return [required(field, 'exactly one of url or service is required')]
  if (url !== undefined) return urlProblems(url).map((problem) => invalid(field.child('url'), url, problem))
  return validateService(service ?? {}, field.child('service'))
}

function urlProblems(text: string): string[] {
  const form = 'url must be a valid https URL of the form "https://host[:port][/path]"'
  if (!URL.canParse(text)) return [form]
  const url = new URL(text)
  return [
    ...(url.protocol === 'https:' ? [] : [`'https' is the only allowed URL scheme; desired format: https://host[/path]`]),
    ...(url.hostname === '' ? ['host must be specified; desired format: https://host[/path]'] : []),
    ...(url.username === '' && url.password === '' ? [] : ['user information is not permitted in the URL']),
    ...(url.hash === '' ? [] : ['fragments are not permitted in the URL']),
    ...(url.search === '' ? [] : ['query parameters are not permitted in the URL']),
  ]
}

function validateService({ name, namespace, path, port }: NonNullable<ClientConfig['service']>, field: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (!name) errors.push(required(field.child('name'), 'service name is required'))
  if (!namespace) errors.push(required(field.child('namespace'), 'service namespace is required'))
  if (port !== undefined && portNumberProblems(port).length > 0) {
    errors.push(invalid(field.child('port'), port, `port is not valid: ${portNumberProblems(port).join(',')}`))
  }
  if (path && !path.startsWith('/')) errors.push(invalid(field.child('path'), path, "must start with a '/'"))
  return errors
}
