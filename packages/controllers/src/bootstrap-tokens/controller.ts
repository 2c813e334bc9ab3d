import { SECRETS } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { runReconciler } from '../shared/reconcile.ts'
import { msUntilExpiry } from './plan.ts'

/** Timers can't be set further ahead than some 24 days; a clock that was mended is noticed within this time. */
const LONGEST_WAIT_MS = 3_600_000

/** Deletes bootstrap tokens that have expired. */
export async function runBootstrapTokenController(context: ControllerContext): Promise<void> {
  const { client, informers, clock } = context
  const { bootstrapTokens } = informers

  async function reconcile(key: string) {
    const secret = bootstrapTokens.get(key)
    if (!secret) return undefined
    const leftMs = msUntilExpiry(secret, clock())
    if (leftMs === Number.POSITIVE_INFINITY) return undefined
    if (leftMs > 0) return { requeueAfterMs: Math.min(leftMs, LONGEST_WAIT_MS) }
    const { name, namespace = '', uid } = secret.metadata
    await unlessGone(client.delete(SECRETS, { name, namespace }, { uid }))
    return undefined
  }

  await runReconciler(context, {
    name: 'bootstrap-tokens',
    reads: [bootstrapTokens],
    watch: (queue) => {
      bootstrapTokens.onChange(({ key }) => queue.add(key))
    },
    reconcile,
  })
}
