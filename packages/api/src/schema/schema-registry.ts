/** The built-in types, found by group, version and kind. */

import { parseTable, type TypePackage } from './parse-table.ts'
import type { TypeSchema } from './schema.ts'
import { ADMISSIONREGISTRATION_V1 } from './table/admissionregistration-v1.ts'
import { APIEXTENSIONS_V1 } from './table/apiextensions-v1.ts'
import { APIREGISTRATION_V1 } from './table/apiregistration-v1.ts'
import { APPS_V1 } from './table/apps-v1.ts'
import { AUTHENTICATION_V1 } from './table/authentication-v1.ts'
import { AUTHORIZATION_V1 } from './table/authorization-v1.ts'
import { AUTOSCALING_V1 } from './table/autoscaling-v1.ts'
import { AUTOSCALING_V2 } from './table/autoscaling-v2.ts'
import { BATCH_V1 } from './table/batch-v1.ts'
import { CERTIFICATES_V1 } from './table/certificates-v1.ts'
import { COORDINATION_V1 } from './table/coordination-v1.ts'
import { CORE_V1 } from './table/core-v1.ts'
import { DISCOVERY_V1 } from './table/discovery-v1.ts'
import { EVENTS_V1 } from './table/events-v1.ts'
import { FLOWCONTROL_V1 } from './table/flowcontrol-v1.ts'
import { META_V1 } from './table/meta-v1.ts'
import { METRICS_V1BETA1 } from './table/metrics-v1beta1.ts'
import { NETWORKING_V1 } from './table/networking-v1.ts'
import { NODE_V1 } from './table/node-v1.ts'
import { POLICY_V1 } from './table/policy-v1.ts'
import { RBAC_V1 } from './table/rbac-v1.ts'
import { SCHEDULING_V1 } from './table/scheduling-v1.ts'
import { STORAGE_V1 } from './table/storage-v1.ts'

const META_PREFIX = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const APIEXTENSIONS_PREFIX = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'
const APIREGISTRATION_PREFIX = 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1'

const METRICS_PREFIX = 'io.k8s.metrics.pkg.apis.metrics.v1beta1'

const PACKAGES: readonly TypePackage[] = [
  pack('core', '', CORE_V1),
  pack('meta', 'meta.k8s.io', META_V1, { openApiPrefix: META_PREFIX }),
  pack('apps', 'apps', APPS_V1),
  pack('batch', 'batch', BATCH_V1),
  pack('autoscaling', 'autoscaling', AUTOSCALING_V1),
  pack('autoscaling', 'autoscaling', AUTOSCALING_V2, { version: 'v2' }),
  pack('policy', 'policy', POLICY_V1),
  pack('networking', 'networking.k8s.io', NETWORKING_V1),
  pack('rbac', 'rbac.authorization.k8s.io', RBAC_V1),
  pack('storage', 'storage.k8s.io', STORAGE_V1),
  pack('scheduling', 'scheduling.k8s.io', SCHEDULING_V1),
  pack('coordination', 'coordination.k8s.io', COORDINATION_V1),
  pack('discovery', 'discovery.k8s.io', DISCOVERY_V1),
  pack('node', 'node.k8s.io', NODE_V1),
  pack('events', 'events.k8s.io', EVENTS_V1),
  pack('certificates', 'certificates.k8s.io', CERTIFICATES_V1),
  pack('admissionregistration', 'admissionregistration.k8s.io', ADMISSIONREGISTRATION_V1),
  pack('authentication', 'authentication.k8s.io', AUTHENTICATION_V1),
  pack('authorization', 'authorization.k8s.io', AUTHORIZATION_V1),
  pack('flowcontrol', 'flowcontrol.apiserver.k8s.io', FLOWCONTROL_V1),
  pack('apiextensions', 'apiextensions.k8s.io', APIEXTENSIONS_V1, { openApiPrefix: APIEXTENSIONS_PREFIX }),
  pack('metrics', 'metrics.k8s.io', METRICS_V1BETA1, { version: 'v1beta1', openApiPrefix: METRICS_PREFIX }),
  pack('apiregistration', 'apiregistration.k8s.io', APIREGISTRATION_V1, { openApiPrefix: APIREGISTRATION_PREFIX }),
]

function pack(
  name: string,
  group: string,
  table: string,
  options: { version?: string; openApiPrefix?: string } = {},
): TypePackage {
  const { version = 'v1', openApiPrefix = `io.k8s.api.${name}.${version}` } = options
  return { name, group, version, openApiPrefix, table }
}

/** Parsed tables: a memo of a pure function of constants, not state. */
const parsed = new Map<TypePackage, ReadonlyMap<string, TypeSchema>>()

/**
 * The schema of a built-in kind or of any type of its group (`PodSpec`), undefined for what is not built in.
 * Kinds that every group has (DeleteOptions, Status) are found in each of them.
 */
export function schemaOf(group: string, version: string, kind: string): TypeSchema | undefined {
  const own = packageOf(group, version)
  const found = own === undefined ? undefined : typesOf(own).get(kind)
  if (found !== undefined) return found
  const common = packageNamed('meta').get(kind)
  return common?.isKind === true ? common : undefined
}

function packageOf(group: string, version: string): TypePackage | undefined {
  for (const each of PACKAGES) if (each.group === group && each.version === version) return each
  return undefined
}

/** The schema for an `apiVersion` as objects carry it. */
export function schemaOfObject(apiVersion: string, kind: string): TypeSchema | undefined {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? schemaOf('', apiVersion, kind) : schemaOf(apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind)
}

/** A type of k8s.io/apimachinery's meta/v1: `ObjectMeta`, `LabelSelector`. */
export function metaSchema(name: string): TypeSchema {
  const schema = packageNamed('meta').get(name)
  if (schema === undefined) throw new Error(`meta/v1 has no type ${name}`)
  return schema
}

/** Every built-in kind there is a schema for, lists included. */
export function builtInKindSchemas(): TypeSchema[] {
  return builtInTypeSchemas().filter((schema) => schema.isKind)
}

/** Every type of every table. */
export function builtInTypeSchemas(): TypeSchema[] {
  return PACKAGES.flatMap((each) => [...typesOf(each).values()])
}

function typesOf(typePackage: TypePackage): ReadonlyMap<string, TypeSchema> {
  let types = parsed.get(typePackage)
  if (types === undefined) {
    types = parseTable(typePackage, (packageName, typeName) => resolveFrom(typePackage, packageName, typeName))
    parsed.set(typePackage, types)
  }
  return types
}

function resolveFrom(from: TypePackage, packageName: string, typeName: string): TypeSchema {
  const types = packageName === from.name ? typesOf(from) : packageNamed(packageName)
  const schema = types.get(typeName)
  if (schema === undefined)
    throw new Error(`${from.name}/${from.version} refers to ${packageName}.${typeName}, which is in no table`)
  return schema
}

function packageNamed(name: string): ReadonlyMap<string, TypeSchema> {
  const typePackage = PACKAGES.find((each) => each.name === name)
  if (typePackage === undefined) throw new Error(`no table is named ${name}`)
  return typesOf(typePackage)
}
