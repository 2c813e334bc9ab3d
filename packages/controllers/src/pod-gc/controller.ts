import { isNotFound, keyOf, NODES, type Node, PODS, type Pod, podIsTerminal } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { podFate } from './plan.ts'

/** A node that was deleted may register again at once; its pods are given this long to be its own again. */
const QUARANTINE_MS = 5_000

/** Removes pods that no agent will ever remove. */
export async function runPodGcController(context: ControllerContext): Promise<void> {
  const { client, informers } = context
  const { nodes, pods } = informers
  const events = recorderFor(context, 'pod-garbage-collector')

  async function reconcile(key: string): Promise<void> {
    const pod = pods.get(key)
    if (!pod) return
    const fate = podFate(pod, nodes.get(pod.spec.nodeName ?? ''))
    if (fate === 'keep' || (fate === 'delete-if-node-is-gone' && (await nodeExists(pod)))) return
    if (!podIsTerminal(pod) && fate !== 'delete') await markFailed(pod)
    const { name, namespace = '', uid } = pod.metadata
    await unlessGone(client.delete(PODS, { name, namespace }, { uid, gracePeriodSeconds: 0 }))
  }

  async function nodeExists({ spec }: Pod): Promise<boolean> {
    try {
      await client.get<Node>(NODES, { name: spec.nodeName ?? '' })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  async function markFailed(pod: Pod): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata
    const body = { metadata: { uid }, status: { phase: 'Failed', reason: 'NodeLost', message: 'PodGC: node no longer exists' } }
    await unlessGone(client.patch(PODS, { name, namespace, subresource: 'status' }, { type: 'merge', body }))
    events.event(pod, 'Warning', 'NodeLost', `Node ${pod.spec.nodeName} no longer exists`)
  }

  await runReconciler(context, {
    name: 'pod-gc',
    reads: [nodes, pods],
    watch: (queue) => {
      nodes.onChange(({ type, key, object }) => {
        const delayMs = type === 'deleted' ? QUARANTINE_MS : 0
        if (type !== 'deleted' && !object.spec.taints?.length) return
        for (const pod of pods.byIndex('node', key)) queue.addAfter(keyOf(pod), delayMs)
      })
      pods.onChange(({ type, key, object }) => {
        if (type === 'deleted' || podFate(object, nodes.get(object.spec.nodeName ?? '')) === 'keep') return
        queue.addAfter(key, object.spec.nodeName ? QUARANTINE_MS : 0)
      })
    },
    reconcile,
  })
  await events.flush()
}
