import type { Node, Taint } from '@skiff/api'
import type { AdmissionRequest } from '../http/request-context.ts'
import { isAbout } from './request-facts.ts'

const NOT_READY: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** A node that is only just there takes no pods until it has said that it is ready (TaintNodesByCondition). */
export function taintNewNode(request: AdmissionRequest): void {
  if (request.operation !== 'CREATE' || !isAbout(request, 'nodes')) return
  const node = request.object as unknown as Node
  node.spec ??= {}
  const present = (node.spec.taints ?? []).some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)
  if (!present) node.spec.taints = [...(node.spec.taints ?? []), NOT_READY]
}
