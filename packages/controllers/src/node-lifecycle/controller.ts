import { isDeepStrictEqual } from 'node:util'
import { findCondition, isOfAnother, NODES, type Node, PODS, type Pod, podIsReady, rfc3339 } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import type { HeartbeatSource } from './heartbeats.ts'
import { NodeMonitor } from './node-monitor.ts'
import { taintsFor } from './taints.ts'

const CONCURRENCY = 8

export interface NodeLifecycleOptions {
  readonly heartbeats: HeartbeatSource
  /** Milliseconds that never jump; the heartbeats are counted on the same clock. */
  readonly monotonicNow: () => number
}

/**
 * Says Unknown of nodes that fell silent, takes their pods out of the endpoints, and puts the taints on nodes that
 * their conditions ask for; the taint eviction does the rest. While a node is heard, its agent alone writes its status.
 */
export async function runNodeLifecycleController(context: ControllerContext, options: NodeLifecycleOptions): Promise<void> {
  const { client, informers, clock, logger, signal } = context
  const { nodes, nodeLeases, pods } = informers
  const events = recorderFor(context, 'node-controller')
  let monitor: NodeMonitor | undefined

  async function reconcile(name: string): Promise<void> {
    const node = nodes.get(name)
    const verdict = monitor?.verdict(name)
    if (!node || !verdict) return
    if (verdict.state === 'gone') {
      const marked = await Promise.all([markUnknown(node), verdict.silencePods ? silencePods(name) : undefined])
      await setTaints(marked[0], verdict.evict)
    } else {
      await setTaints(node, hasRefuge(name))
    }
  }

  /** Another node is Ready: pods that are driven away from this one have somewhere to go. */
  function hasRefuge(name: string): boolean {
    return nodes.list().some((other) => other.metadata.name !== name && isReady(other))
  }

  async function markUnknown(node: Node): Promise<Node> {
    const conditions = unknownConditions(node, clock())
    if (conditions.length === 0) return node
    const { name, resourceVersion } = node.metadata
    logger.info({ controller: 'node-lifecycle', node: name }, 'node fell silent')
    const body = { metadata: { resourceVersion }, status: { conditions } }
    const patched = await client.patch<Node>(NODES, { name, subresource: 'status' }, { type: 'strategic', body })
    events.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`)
    return patched
  }

  /** Its agent can't say so any more. */
  async function silencePods(node: string): Promise<void> {
    await Promise.all(pods.byIndex('node', node).filter(podIsReady).map(silencePod))
  }

  async function silencePod(pod: Pod): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata
    const condition = { type: 'Ready', status: 'False', lastTransitionTime: rfc3339(clock()) }
    const body = { metadata: { uid }, status: { conditions: [condition] } }
    try {
      await unlessGone(client.patch(PODS, { name, namespace, subresource: 'status' }, { type: 'strategic', body }))
      events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
    } catch (error) {
      if (!isOfAnother(error)) throw error // another pod of that name by now
    }
  }

  async function setTaints(node: Node, evict: boolean): Promise<void> {
    const taints = taintsFor(node, { evict, now: rfc3339(clock()) })
    if (isDeepStrictEqual(taints, node.spec.taints ?? [])) return
    const { name, resourceVersion } = node.metadata
    // The whole list is replaced: the resourceVersion keeps what others change at the same time.
    await unlessGone(client.patch(NODES, { name }, { type: 'merge', body: { metadata: { resourceVersion }, spec: { taints } } }))
  }

  await runReconciler(context, {
    name: 'node-lifecycle',
    reads: [nodes, nodeLeases, pods],
    concurrency: CONCURRENCY,
    watch: (queue) => {
      const watching = new NodeMonitor({ ...options, onVerdict: (node) => queue.add(node) })
      monitor = watching
      signal.addEventListener('abort', () => watching.close(), { once: true })
      nodes.onChange(({ type, key }) => {
        if (type === 'deleted') watching.forget(key)
        else watching.follow(key, nodeLeases.get(`kube-node-lease/${key}`)?.spec.renewTime)
        queue.add(key)
        // Whether their pods have somewhere to go may have changed.
        for (const other of nodes.list()) if (!isReady(other)) queue.add(other.metadata.name)
      })
      nodeLeases.onChange(({ object }) => {
        const { name } = object.metadata
        if (nodes.get(name)) watching.follow(name, object.spec.renewTime)
      })
    },
    reconcile,
  })
  await events.flush()
}

function isReady(node: Node): boolean {
  return findCondition(node.status?.conditions, 'Ready')?.status === 'True'
}

/** Every condition that the agent would write becomes Unknown, Ready in any case. */
function unknownConditions(node: Node, now: Date) {
  const known = node.status?.conditions ?? []
  if (findCondition(known, 'Ready')?.status === 'Unknown') return []
  const types = new Set(['Ready', ...known.map(({ type }) => type)])
  return [...types].map((type) => ({
    type,
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
    lastTransitionTime: rfc3339(now),
  }))
}
