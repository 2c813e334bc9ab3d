import type { APIService } from '@skiff/api'
import type { ApiGroup, ApiResource, ApiVersion } from '../discovery/api-groups.ts'
import type { WatchedList } from '../registry/watched-list.ts'

/** What is known of an extension server's kinds. */
export interface KnownResources {
  resourcesOf(service: APIService): readonly ApiResource[] | undefined
}

/** The groups and versions that other servers serve. */
export class RemoteApis {
  readonly #services: WatchedList<APIService>

  constructor(services: WatchedList<APIService>) {
    this.#services = services
  }

  /** `/apis/<group>/<version>` and what is below, and the version's OpenAPI document. */
  serverOf(path: string): APIService | undefined {
    const [, group, version] = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)(?:\/|$)/.exec(path) ?? []
    if (group === undefined || version === undefined) return undefined
    return this.#remote().find(({ spec }) => spec.group === group && spec.version === version)
  }

  groups(known: KnownResources): readonly ApiGroup[] {
    const services = this.#remote().toSorted(preferredFirst)
    const names = [...new Set(services.map(({ spec }) => spec.group ?? ''))]
    return names.map((name) => {
      const versions = services.filter(({ spec }) => spec.group === name)
      return { name, versions: versions.map((service) => versionOf(service, known)) }
    })
  }

  #remote(): readonly APIService[] {
    return this.#services.get().filter(({ spec }) => spec.service !== undefined)
  }
}

function versionOf(service: APIService, known: KnownResources): ApiVersion {
  const resources = known.resourcesOf(service)
  const version = service.spec.version ?? ''
  return resources === undefined ? { version, resources: [], isStale: true } : { version, resources }
}

/** By the groups' priority, then by the versions'. */
function preferredFirst({ spec: a }: APIService, { spec: b }: APIService): number {
  if (a.group !== b.group) return b.groupPriorityMinimum - a.groupPriorityMinimum || ((a.group ?? '') < (b.group ?? '') ? -1 : 1)
  return b.versionPriority - a.versionPriority
}
