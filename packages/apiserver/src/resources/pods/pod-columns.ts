import type { Pod } from '@skiff/api'
import type { TableColumns } from '../../registry/resource-definition.ts'
import { objectAge } from '../cells.ts'
import { AGE_COLUMN, NAME_COLUMN, textColumn, wideColumn } from '../columns.ts'
import { summarizePod } from './summarize-pod.ts'

export const podColumns: TableColumns = {
  columns: [
    NAME_COLUMN,
    textColumn('Ready', 'Containers that are ready, of all.'),
    textColumn('Status', 'What the containers make of the pod, in one word.'),
    textColumn('Restarts', 'How often containers were restarted, and when last.'),
    AGE_COLUMN,
    wideColumn('IP', "The pod's address."),
    wideColumn('Node', 'The node that runs it.'),
    wideColumn('Nominated Node', 'The node where room is being made for it.'),
    wideColumn('Readiness Gates', 'Gates that are open, of all.'),
  ],
  cells(pod: Pod, now) {
    const { ready, total, reason, restarts } = summarizePod(pod, now)
    return [
      pod.metadata.name,
      `${ready}/${total}`,
      reason,
      restarts,
      objectAge(pod, now),
      pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || '<none>',
      pod.spec.nodeName || '<none>',
      pod.status?.nominatedNodeName || '<none>',
      readinessGates(pod),
    ]
  },
  conditions(object) {
    const { phase } = (object as unknown as Pod).status ?? {}
    if (phase === 'Succeeded') return [completed('Succeeded', 'The pod has completed successfully.')]
    return phase === 'Failed' ? [completed('Failed', 'The pod failed.')] : []
  },
}

function completed(reason: string, message: string) {
  return { type: 'Completed', status: 'True', reason, message }
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const open = gates.filter(({ conditionType }) =>
    (status?.conditions ?? []).some(({ type, status: value }) => type === conditionType && value === 'True'),
  )
  return `${open.length}/${gates.length}`
}
