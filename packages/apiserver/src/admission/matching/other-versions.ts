import { apiVersionOf, type KindInfo, type KubeObject } from '@skiff/api'
import type { Registry } from '../../registry/registry.ts'
import type { ResourceRegistry } from '../../registry/resource-registry.ts'
import type { Reviewed } from './reviewed.ts'

/** The same objects under other names: what `matchPolicy: Equivalent` means. */
export class OtherVersions {
  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /** The other versions under which the resource's objects are served. */
  of(info: KindInfo): readonly KindInfo[] {
    const own = this.#registry.find(info)
    if (own === undefined) return []
    const stored = storageKey(own)
    const others = this.#registry.all().filter((each) => each !== own && storageKey(each) === stored)
    return others.map((each) => each.info)
  }

  /** The request with its objects in another version's form. */
  shownAs(reviewed: Reviewed, info: KindInfo): Reviewed {
    const [from, to] = [this.#registry.find(reviewed.info), this.#registry.find(info)]
    if (from === undefined || to === undefined) return reviewed
    const shown = (object: KubeObject | undefined) => object && converted(object, from, to)
    const ownKind = reviewed.kind.kind === reviewed.info.kind
    return { ...reviewed, info, ...(ownKind ? { kind: info, object: shown(reviewed.object), old: shown(reviewed.old) } : {}) }
  }

  /** What became of an object that was shown in another version, in the request's own. */
  returned(object: KubeObject, shown: KindInfo, info: KindInfo): KubeObject {
    const [from, to] = [this.#registry.find(shown), this.#registry.find(info)]
    return from === undefined || to === undefined || from === to ? object : converted(object, from, to)
  }
}

function storageKey(registry: ResourceRegistry): string {
  return registry.prefixOf('')
}

/** Of custom kinds that a webhook converts, only the version is changed: nobody is asked on the way to another webhook. */
function converted(object: KubeObject, from: ResourceRegistry, to: ResourceRegistry): KubeObject {
  const copy = structuredClone(object)
  const typed = { apiVersion: apiVersionOf(to.info), kind: to.info.kind }
  if (to.definition.custom !== undefined) return { ...copy, ...typed }
  const stored = from.definition.conversion?.toStored(copy) ?? copy
  return { ...servedBy(to, stored), ...typed }
}

function servedBy({ definition }: ResourceRegistry, stored: KubeObject): KubeObject {
  return definition.conversion?.fromStored(stored) ?? stored
}
