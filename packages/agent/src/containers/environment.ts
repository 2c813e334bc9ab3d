import type { ConfigMap, Container, Pod, Secret, Service } from '@skiff/api'
import { ConfigError } from './config-error.ts'
import { type DownwardContext, fieldValue, resourceValue } from './downward.ts'
import { parseEnvFile } from './env-file.ts'
import { expand } from './expand.ts'
import { serviceVariables } from './service-variables.ts'

/** Objects of the pod's namespace; undefined when there is none of that name. */
export interface ConfigSource {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>
  secret(namespace: string, name: string): Promise<Secret | undefined>
}

export interface EnvironmentInput {
  readonly pod: Pod
  readonly container: Container
  readonly downward: DownwardContext
  /** Those that the pod sees: of its namespace, and `default/kubernetes`. */
  readonly services: readonly Service[]
  readonly config: ConfigSource
  /** A file of variables in one of the pod's volumes; undefined: it isn't there. */
  readonly envFile: (file: { readonly volume: string; readonly path: string }) => Promise<string | undefined>
}

type EnvVar = NonNullable<Container['env']>[number]
type EnvFrom = NonNullable<Container['envFrom']>[number]

/**
 * A container's variables: `envFrom`, then `env`, which may refer to what stands before it and to service variables; these
 * come last where nothing else has their name. Throws ConfigError, in the kubelet's words, for a reference to nothing.
 */
export async function environment(input: EnvironmentInput): Promise<ReadonlyMap<string, string>> {
  const fromServices = serviceVariables(visibleServices(input))
  const variables = new Map<string, string>()
  for (const source of input.container.envFrom ?? []) await addAll(variables, source, input)
  const lookup = (name: string) => variables.get(name) ?? fromServices.get(name)
  for (const variable of input.container.env ?? []) {
    const value = variable.valueFrom ? await referencedValue(variable, input) : expand(variable.value ?? '', lookup)
    if (value !== undefined) variables.set(variable.name, value)
  }
  for (const [name, value] of fromServices) if (!variables.has(name)) variables.set(name, value)
  return variables
}

function visibleServices({ pod, services }: EnvironmentInput): readonly Service[] {
  const master = (service: Service) => service.metadata.namespace === 'default' && service.metadata.name === 'kubernetes'
  const links = pod.spec.enableServiceLinks !== false
  return services.filter((service) => master(service) || (links && service.metadata.namespace === pod.metadata.namespace))
}

async function addAll(variables: Map<string, string>, source: EnvFrom, input: EnvironmentInput): Promise<void> {
  const data = await sourceData(source, input)
  for (const [key, value] of Object.entries(data)) variables.set(`${source.prefix ?? ''}${key}`, value)
}

async function sourceData({ configMapRef, secretRef }: EnvFrom, { pod, config }: EnvironmentInput) {
  const namespace = pod.metadata.namespace ?? ''
  if (configMapRef) {
    const found = await config.configMap(namespace, configMapRef.name ?? '')
    if (found === undefined && !configMapRef.optional) throw new ConfigError(`configmap "${configMapRef.name}" not found`)
    return found?.data ?? {}
  }
  if (secretRef) {
    const found = await config.secret(namespace, secretRef.name ?? '')
    if (found === undefined && !secretRef.optional) throw new ConfigError(`secret "${secretRef.name}" not found`)
    return decoded(found?.data)
  }
  return {}
}

function decoded(data: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const entries = Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')])
  return Object.fromEntries(entries) as Record<string, string>
}

async function referencedValue({ name, valueFrom }: EnvVar, input: EnvironmentInput): Promise<string | undefined> {
  const { pod, container, downward } = input
  if (valueFrom?.fieldRef) return fieldValue(pod, valueFrom.fieldRef.fieldPath, downward)
  if (valueFrom?.resourceFieldRef) return resourceValue(pod, valueFrom.resourceFieldRef, container, downward)
  if (valueFrom?.configMapKeyRef) return await configMapKey(valueFrom.configMapKeyRef, input)
  if (valueFrom?.secretKeyRef) return await secretKey(valueFrom.secretKeyRef, input)
  if (valueFrom?.fileKeyRef) return await fileKey(valueFrom.fileKeyRef, input)
  throw new ConfigError(`env ${name} has a source that is not known here`)
}

interface KeyRef {
  readonly name?: string
  readonly key: string
  readonly optional?: boolean
}

async function configMapKey(ref: KeyRef, { pod, config }: EnvironmentInput): Promise<string | undefined> {
  const namespace = pod.metadata.namespace ?? ''
  const found = await config.configMap(namespace, ref.name ?? '')
  const value = found?.data?.[ref.key]
  if (value !== undefined || ref.optional) return value
  if (found === undefined) throw new ConfigError(`configmap "${ref.name}" not found`)
  throw new ConfigError(`couldn't find key ${ref.key} in ConfigMap ${namespace}/${ref.name}`)
}

async function secretKey(ref: KeyRef, { pod, config }: EnvironmentInput): Promise<string | undefined> {
  const namespace = pod.metadata.namespace ?? ''
  const found = await config.secret(namespace, ref.name ?? '')
  const value = found?.data?.[ref.key]
  if (value !== undefined) return Buffer.from(value, 'base64').toString('utf8')
  if (ref.optional) return undefined
  if (found === undefined) throw new ConfigError(`secret "${ref.name}" not found`)
  throw new ConfigError(`couldn't find key ${ref.key} in Secret ${namespace}/${ref.name}`)
}

type FileKeyRef = NonNullable<NonNullable<EnvVar['valueFrom']>['fileKeyRef']>

/** What an init container has left for those after it (KEP-3721). */
async function fileKey(ref: FileKeyRef, { envFile }: EnvironmentInput): Promise<string | undefined> {
  const { volumeName: volume, path, key, optional } = ref
  const text = await envFile({ volume, path })
  const value = text === undefined ? undefined : parseEnvFile(text).get(key)
  if (value !== undefined || optional) return value
  if (text === undefined) throw new ConfigError(`file ${path} not found in volume ${volume}`)
  throw new ConfigError(`couldn't find key ${key} in file ${path} of volume ${volume}`)
}
