import type { HttpAnswer } from '../http/http-answer.ts'
import { jsonAnswer, textAnswer, withEtag } from '../http/http-answer.ts'
import { notAcceptable, parseAccept } from '../http/negotiation.ts'
import { noSuchResource } from '../http/refusals.ts'
import { type AggregatedVersion, aggregatedContentType, aggregatedDiscovery } from './aggregated.ts'
import type { ApiGroup } from './api-groups.ts'
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './legacy.ts'

interface DiscoveryRequest {
  readonly path: string
  readonly accept: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly serverAddress: string
}

/** Undefined: the path is none of discovery's. */
export function serveDiscovery(groups: readonly ApiGroup[], request: DiscoveryRequest): HttpAnswer | undefined {
  const segments = request.path.split('/').filter((segment) => segment !== '')
  const [root, ...rest] = segments
  if (root !== 'api' && root !== 'apis') return undefined
  if (rest.length === 0) return root === 'api' ? coreRoot(groups, request) : groupsRoot(groups, request)
  return root === 'api' ? versionDocument(groups, '', rest) : groupDocument(groups, rest)
}

function coreRoot(groups: readonly ApiGroup[], request: DiscoveryRequest): HttpAnswer {
  const core = groups.filter(({ name }) => name === '')
  return aggregatedOr(request, core, () => apiVersions(groups, request.serverAddress))
}

function groupsRoot(groups: readonly ApiGroup[], request: DiscoveryRequest): HttpAnswer {
  const named = groups.filter(({ name }) => name !== '')
  return aggregatedOr(request, named, () => apiGroupList(groups))
}

function aggregatedOr(request: DiscoveryRequest, groups: readonly ApiGroup[], legacy: () => object): HttpAnswer {
  const wanted = wantedForm(request.accept)
  if (wanted === 'legacy') return jsonAnswer(200, legacy(), { vary: 'Accept' })
  const headers = { 'content-type': aggregatedContentType(wanted), 'cache-control': 'public', vary: 'Accept' }
  return withEtag(jsonAnswer(200, aggregatedDiscovery(groups, wanted), headers), request.ifNoneMatch)
}

function wantedForm(accept: string | undefined): AggregatedVersion | 'legacy' {
  if (accept === undefined || accept === '') return 'legacy'
  for (const { type, parameters } of parseAccept(accept)) {
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*' && type !== 'application/yaml') continue
    const { as, g, v } = parameters
    if (as === undefined) return 'legacy'
    if (as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && (v === 'v2' || v === 'v2beta1')) return v
  }
  // Protobuf only: typed clients always name JSON too.
  throw notAcceptable()
}

function groupDocument(groups: readonly ApiGroup[], [name = '', ...rest]: readonly string[]): HttpAnswer | undefined {
  const group = groups.find((each) => each.name === name)
  if (group === undefined) return textAnswer(404, '404 page not found\n')
  return rest.length === 0 ? jsonAnswer(200, apiGroup(group)) : versionDocument(groups, name, rest)
}

function versionDocument(groups: readonly ApiGroup[], name: string, [version]: readonly string[]): HttpAnswer {
  const group = groups.find((each) => each.name === name)
  const found = group?.versions.find((each) => each.version === version)
  if (group === undefined || found === undefined) throw noSuchResource()
  return jsonAnswer(200, apiResourceList(group, found))
}
