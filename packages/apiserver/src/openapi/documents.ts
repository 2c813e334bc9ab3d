import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { descriptionsStamp, readDescriptions } from '@skiff/api'
import type { ApiGroup, ApiVersion } from '../discovery/api-groups.ts'
import { SERVER_VERSION } from '../discovery/version.ts'
import { openApiDocument } from './document.ts'
import { swaggerDocument } from './swagger.ts'
import { encodeSwagger } from './swagger-protobuf.ts'

interface Kept {
  readonly hash: string
  readonly gzipped: Buffer
}

/**
 * The documents of OpenAPI: each is made when it is first asked for, and kept as nothing but compressed bytes. Made anew
 * when the resources it is about have changed.
 */
export class OpenApiDocuments {
  private readonly kept = new Map<string, Kept>()

  /** Of one group and version, as gzipped JSON. */
  v3(group: ApiGroup, version: ApiVersion): Buffer {
    return this.keep(`v3 ${group.name}/${version.version}`, documentHash(group, version), () =>
      Buffer.from(JSON.stringify(openApiDocument(group, version, readDescriptions()))),
    )
  }

  /** Of everything, gzipped. */
  v2(groups: readonly ApiGroup[], form: 'json' | 'protobuf'): Buffer {
    const hash = groups.flatMap((group) => group.versions.map((version) => documentHash(group, version))).join()
    return this.keep(`v2 ${form}`, hash, () => {
      const document = swaggerDocument(groups, readDescriptions())
      return form === 'json' ? Buffer.from(JSON.stringify(document)) : encodeSwagger(document)
    })
  }

  private keep(name: string, hash: string, make: () => Buffer): Buffer {
    const known = this.kept.get(name)
    if (known?.hash === hash) return known.gzipped
    const gzipped = gzipSync(make())
    this.kept.set(name, { hash, gzipped })
    return gzipped
  }
}

/** Documents follow from the resources and from this build: both are in the hash, so that no document need be made for it. */
export function documentHash(group: ApiGroup, version: ApiVersion): string {
  const resources = version.resources.map(({ custom, ...resource }) => [
    resource,
    custom?.schema.published?.v3,
    custom?.list.name,
  ])
  const stamp = [SERVER_VERSION.gitVersion, SERVER_VERSION.gitCommit, descriptionsStamp(), group.name, version.version]
  const text = JSON.stringify([...stamp, resources])
  return createHash('sha256').update(text).digest('hex').slice(0, 32).toUpperCase()
}
