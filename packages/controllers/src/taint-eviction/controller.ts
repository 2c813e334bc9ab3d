import { isDeepStrictEqual } from 'node:util'
import { keyOf, PODS, type Pod, podIsActive } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { disruptionTarget, msToStay } from './plan.ts'

const CONCURRENCY = 8

/** Deletes pods that don't tolerate their node's NoExecute taints, once their time there is over. */
export async function runTaintEvictionController(context: ControllerContext, monotonicNow: () => number): Promise<void> {
  const { client, informers, clock } = context
  const { nodes, pods } = informers
  const events = recorderFor(context, 'taint-eviction-controller')
  /** Since when a pod is counted down: by key. Measured here, so that no clock that jumps evicts anything. */
  const countdowns = new Map<string, { readonly uid: string; readonly sinceMs: number }>()

  async function reconcile(key: string) {
    const pod = pods.get(key)
    const waitMs = pod && podIsActive(pod) ? msToStay(taintsOf(pod), pod.spec.tolerations ?? []) : Number.POSITIVE_INFINITY
    if (!pod || waitMs === Number.POSITIVE_INFINITY) {
      const wasCounting = countdowns.delete(key)
      if (pod && wasCounting && podIsActive(pod))
        events.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`)
      return undefined
    }
    const leftMs = startOf(pod) + waitMs - monotonicNow()
    if (leftMs > 0) return { requeueAfterMs: leftMs }
    await unlessGone(evict(pod))
    countdowns.delete(key)
    return undefined
  }

  /** Says in the pod's status why it goes, then deletes it; both only if it is still the same. */
  async function evict(pod: Pod): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata
    const condition = disruptionTarget(pod, clock())
    // What is marked already was told of: the mark itself comes back as a change, often before the deletion does.
    if (condition) {
      events.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${keyOf(pod)}`)
      const body = { metadata: { uid }, status: { conditions: [condition] } }
      await client.patch(PODS, { name, namespace, subresource: 'status' }, { type: 'strategic', body })
    }
    await client.delete(PODS, { name, namespace }, { uid })
  }

  function taintsOf({ spec }: Pod) {
    return nodes.get(spec.nodeName ?? '')?.spec.taints ?? []
  }

  function startOf(pod: Pod): number {
    const key = keyOf(pod)
    const known = countdowns.get(key)
    if (known?.uid === pod.metadata.uid) return known.sinceMs
    const sinceMs = monotonicNow()
    countdowns.set(key, { uid: pod.metadata.uid, sinceMs })
    return sinceMs
  }

  await runReconciler(context, {
    name: 'taint-eviction',
    reads: [nodes, pods],
    concurrency: CONCURRENCY,
    watch: (queue) => {
      nodes.onChange(({ key, object, previous }) => {
        if (isDeepStrictEqual(object.spec.taints ?? [], previous?.spec.taints ?? [])) return
        for (const pod of pods.byIndex('node', key)) queue.add(keyOf(pod))
      })
      pods.onChange(({ key, object }) => {
        if (countdowns.has(key) || taintsOf(object).some(({ effect }) => effect === 'NoExecute')) queue.add(key)
      })
    },
    reconcile,
  })
  await events.flush()
}
