/** Other API servers behind this one (upstream: kube-aggregator): APIService objects say which, and in what state. */

import { API_SERVICES, type APIService } from '@skiff/api'
import type { Logger } from 'pino'
import type { Registry } from '../registry/registry.ts'
import type { VirtualResource } from '../registry/resource-definition.ts'
import { WatchedList } from '../registry/watched-list.ts'
import type { DialService } from '../streaming/service-dialer.ts'
import { Availability } from './availability.ts'
import { type ClientIdentity, ExtensionClient } from './extension-client.ts'
import { keepLocalApiServices } from './local-api-services.ts'
import { passOn, passOnUpgrade } from './pass-on.ts'
import { RemoteApis } from './remote-apis.ts'

export interface AggregationOptions {
  readonly registry: Registry
  readonly virtualResources: readonly VirtualResource[]
  readonly dialService: DialService
  /** What extension servers know this server by; asked at each connection, because it is renewed. */
  readonly identity: () => ClientIdentity
  readonly clock: () => Date
  readonly logger: Logger
  readonly signal: AbortSignal
}

export type Aggregation = ReturnType<typeof createAggregation>

/** Keeps the APIServices of what this server itself serves, watches over the others', and passes requests on to them. */
export function createAggregation(options: AggregationOptions) {
  const { registry, dialService, identity, signal } = options
  const { store, objects } = registry
  const services = new WatchedList<APIService>({ store, objects, info: API_SERVICES, signal })
  const client = new ExtensionClient({ dialService, identity })
  const remote = new RemoteApis(services)
  keepLocalApiServices(options)
  const availability = new Availability({ ...options, services, client })
  return {
    /** The extension server's APIService that a path belongs to; undefined for what this server serves itself. */
    serverOf: (path: string) => remote.serverOf(path),
    passOn: (...parameters: Tail<typeof passOn>) => passOn(client, ...parameters),
    passOnUpgrade: (...parameters: Tail<typeof passOnUpgrade>) => passOnUpgrade(client, ...parameters),
    /** Their groups as discovery shows them; of those that don't answer only the names are known. */
    groups: () => remote.groups(availability),
    /** Entries for the index of OpenAPI v3. */
    openApiPaths: () => availability.openApiPaths(),
  }
}

type Tail<T extends (...parameters: never[]) => unknown> = Parameters<T> extends [unknown, ...infer Rest] ? Rest : never
