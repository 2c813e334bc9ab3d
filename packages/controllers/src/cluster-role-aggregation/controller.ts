import { isDeepStrictEqual } from 'node:util'
import { CLUSTER_ROLES } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { aggregatedRules } from './plan.ts'

/** Upstream's name: it is the one who may own an aggregated role's rules. */
const FIELD_MANAGER = 'clusterrole-aggregation-controller'

/** Writes into each role with an aggregationRule the rules of the roles that it selects. */
export async function runClusterRoleAggregationController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { clusterRoles } = informers

  async function reconcile(name: string): Promise<void> {
    const role = clusterRoles.get(name)
    if (role?.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined) return
    const rules = aggregatedRules(role, clusterRoles.list())
    if (isDeepStrictEqual(rules, role.rules ?? [])) return
    const patch = { type: 'merge', body: { rules }, fieldManager: FIELD_MANAGER } as const
    await unlessGone(client.patch(CLUSTER_ROLES, { name }, patch))
  }

  await runReconciler(context, {
    name: 'cluster-role-aggregation',
    reads: [clusterRoles],
    watch: (queue) => {
      // A role that another one selects may be selected by a third: what changes here comes back as a change.
      clusterRoles.onChange(() => {
        for (const { metadata, aggregationRule } of clusterRoles.list())
          if (aggregationRule !== undefined) queue.add(metadata.name)
      })
    },
    reconcile,
  })
}
