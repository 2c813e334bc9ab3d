import { ImageError } from '../runtime/runtime.ts'

/** An image's name taken apart and completed, as Docker does it: `nginx` is `docker.io/library/nginx:latest`. */
export interface ImageReference {
  /** `docker.io`, `localhost:5000` */
  readonly registry: string
  /** `library/nginx` */
  readonly repository: string
  /** Absent only beside a digest. */
  readonly tag?: string
  readonly digest?: string
}

export const DEFAULT_REGISTRY = 'docker.io'

const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/
const REGISTRY =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\d+)?$|^\[[0-9a-fA-F:]+\](?::\d+)?$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/
const LONGEST_NAME = 255

/** Throws `ImageError` with the kubelet's `InvalidImageName`. */
export function parseReference(image: string): ImageReference {
  const [named = '', digest, ...more] = image.split('@')
  const colon = named.lastIndexOf(':')
  const hasTag = colon > named.lastIndexOf('/')
  const tag = hasTag ? named.slice(colon + 1) : digest === undefined ? 'latest' : undefined
  const { registry, repository } = splitRegistry(hasTag ? named.slice(0, colon) : named)
  const valid =
    more.length === 0 &&
    REGISTRY.test(registry) &&
    REPOSITORY.test(repository) &&
    registry.length + repository.length < LONGEST_NAME &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest))
  if (!valid) throw invalidName(image, repository)
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

/** The complete name, equal for all ways to write the same image. */
export function canonicalName({ registry, repository, tag, digest }: ImageReference): string {
  const suffix = digest === undefined ? `:${tag}` : `@${digest}`
  return `${registry}/${repository}${suffix}`
}

/** The name without its tag or digest: `docker.io/library/nginx`. */
export function repositoryOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`
}

/** As `canonicalName` for names that the engine gives; one that can't be parsed stays as it is. */
export function completeName(name: string): string {
  try {
    return canonicalName(parseReference(name))
  } catch {
    return name
  }
}

/** What stands before the first slash is a registry only if it looks like a host. */
function splitRegistry(name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(0, slash))
  const isHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first)
  const registry = isHost && first !== 'index.docker.io' ? first : DEFAULT_REGISTRY
  const rest = isHost ? name.slice(slash + 1) : name
  const repository = registry === DEFAULT_REGISTRY && !rest.includes('/') ? `library/${rest}` : rest
  return { registry, repository }
}

/** The words of the kubelet and of Docker's reference parser. */
function invalidName(image: string, repository: string): ImageError {
  const detail = repository.toLowerCase() === repository ? '' : ': repository name must be lowercase'
  return new ImageError(
    'InvalidImageName',
    `Failed to apply default image tag "${image}": couldn't parse image reference "${image}": invalid reference format${detail}`,
  )
}
