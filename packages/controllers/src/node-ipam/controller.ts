import { NODES, type Node } from '@skiff/api'
import type { ControllerContext } from '../shared/context.ts'
import { unlessGone } from '../shared/errors.ts'
import { recorderFor, runReconciler } from '../shared/reconcile.ts'
import { nextPodCidr } from './plan.ts'

/** Gives every node its own part of the pod addresses, in `spec.podCIDR`; a node keeps it for as long as it exists. */
export async function runNodeIpamController(context: ControllerContext, clusterCidr: string): Promise<void> {
  const { client, informers } = context
  const { nodes } = informers
  const events = recorderFor(context, 'cidrAllocator')
  /** Given, but not yet shown by the informer: by node. */
  const given = new Map<string, string>()

  async function reconcile(name: string): Promise<void> {
    const node = nodes.get(name)
    if (!node || node.spec.podCIDR) {
      given.delete(name)
      return
    }
    const podCIDR = given.get(name) ?? nextPodCidr(clusterCidr, taken())
    if (podCIDR === undefined) {
      events.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`)
      throw new Error(
        `no /24 of ${clusterCidr} is left for node ${name}: remove nodes or start the master with a larger --pod-cidr`,
      )
    }
    given.set(name, podCIDR)
    await unlessGone(assign(node, podCIDR))
  }

  function taken(): Set<string> {
    const shown = nodes.list().flatMap(({ spec }) => [spec.podCIDR, ...(spec.podCIDRs ?? [])])
    return new Set([...shown, ...given.values()].filter((cidr) => cidr !== undefined))
  }

  async function assign({ metadata }: Node, podCIDR: string): Promise<void> {
    const body = { metadata: { uid: metadata.uid }, spec: { podCIDR, podCIDRs: [podCIDR] } }
    await client.patch(NODES, { name: metadata.name }, { type: 'merge', body })
  }

  await runReconciler(context, {
    name: 'node-ipam',
    reads: [nodes],
    // One at a time: two nodes must not be given the same range.
    concurrency: 1,
    watch: (queue) => {
      nodes.onChange(({ key }) => queue.add(key))
    },
    reconcile,
  })
  await events.flush()
}
