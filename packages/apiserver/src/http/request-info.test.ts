import { expect, test } from 'vitest'
import { parseRequestInfo } from './request-info.ts'

test.each([
  ['GET', '/api/v1/namespaces/a/pods/p', { verb: 'get', group: '', version: 'v1', namespace: 'a', resource: 'pods', name: 'p' }],
  ['GET', '/api/v1/namespaces/a/pods', { verb: 'list', namespace: 'a', resource: 'pods', name: '' }],
  ['GET', '/api/v1/pods?watch=1', { verb: 'watch', namespace: '', resource: 'pods' }],
  ['GET', '/api/v1/pods?watch=false', { verb: 'list' }],
  ['GET', '/api/v1/watch/namespaces/a/pods/p', { verb: 'watch', namespace: 'a', resource: 'pods', name: 'p' }],
  ['GET', '/api/v1/namespaces', { verb: 'list', resource: 'namespaces', namespace: '' }],
  ['GET', '/api/v1/namespaces/a', { verb: 'get', resource: 'namespaces', name: 'a', namespace: 'a' }],
  ['PUT', '/api/v1/namespaces/a/finalize', { verb: 'update', resource: 'namespaces', name: 'a', subresource: 'finalize' }],
  ['GET', '/api/v1/namespaces/a/status', { verb: 'get', resource: 'namespaces', subresource: 'status' }],
  ['POST', '/apis/apps/v1/namespaces/a/deployments', { verb: 'create', group: 'apps', version: 'v1', resource: 'deployments' }],
  ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d/scale', { verb: 'patch', name: 'd', subresource: 'scale' }],
  ['DELETE', '/api/v1/namespaces/a/pods', { verb: 'deletecollection' }],
  ['DELETE', '/api/v1/namespaces/a/pods/p', { verb: 'delete' }],
  [
    'GET',
    '/api/v1/nodes/n:10250/proxy/pods/x',
    { resource: 'nodes', name: 'n:10250', subresource: 'proxy', proxyPath: '/pods/x' },
  ],
  ['GET', '/api/v1/namespaces/a/configmaps/with%20space', { name: 'with space' }],
  ['GET', '/api/v1//namespaces/a//pods/', { verb: 'list', namespace: 'a', resource: 'pods' }],
])('%s %s', (method, url, expected) => {
  expect(parseRequestInfo(method, url)).toMatchObject({ isResource: true, ...expected })
})

test.each(['/', '/api', '/api/v1', '/apis/', '/apis/apps', '/apis/apps/v1', '/healthz', '/openapi/v3/apis/apps/v1'])(
  '%s is no resource',
  (path) => {
    expect(parseRequestInfo('GET', path)).toMatchObject({ isResource: false, verb: 'get' })
  },
)

test('a broken escape is taken as it stands', () => {
  expect(parseRequestInfo('GET', '/api/v1/namespaces/a/pods/%zz').name).toBe('%zz')
})
