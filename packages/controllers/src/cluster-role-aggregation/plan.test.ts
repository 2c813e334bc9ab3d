import type { ClusterRole, PolicyRule } from '@skiff/api'
import { expect, test } from 'vitest'
import { metaOf } from '../testing/objects.ts'
import { aggregatedRules } from './plan.ts'

const rule = (resource: string): PolicyRule => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })

function role(name: string, labels: Record<string, string>, rules: PolicyRule[], selects?: Record<string, string>): ClusterRole {
  const aggregation = selects && { aggregationRule: { clusterRoleSelectors: [{ matchLabels: selects }] } }
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: metaOf(name, { labels }),
    rules,
    ...aggregation,
  } as ClusterRole
}

test('a role gathers what its selectors find, in the order of names and each rule once', () => {
  const view = role('view', { to: 'view' }, [rule('stale')], { to: 'view' })
  const roles = [
    view,
    role('b', { to: 'view' }, [rule('services'), rule('pods')]),
    role('a', { to: 'view' }, [rule('pods')]),
    role('other', { to: 'edit' }, [rule('secrets')]),
  ]

  expect(aggregatedRules(view, roles)).toEqual([rule('pods'), rule('services')])
})
