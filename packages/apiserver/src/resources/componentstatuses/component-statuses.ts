import { COMPONENT_STATUSES, type KubeObject } from '@skiff/api'
import type { VirtualResource } from '../../registry/resource-definition.ts'
import { NAME_COLUMN, textColumn } from '../columns.ts'

/** A component's name with what is wrong with it at the moment, if anything. */
export type ComponentChecks = Readonly<Record<string, () => string | undefined>>

interface Condition {
  readonly type: 'Healthy'
  readonly status: 'True' | 'False'
  readonly message?: string
  readonly error?: string
}

/** `kubectl get cs`: how the other parts of the master are, asked at that moment. */
export function componentStatuses(components: ComponentChecks): VirtualResource {
  const names = Object.keys(components).sort()
  return {
    info: COMPONENT_STATUSES,
    deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
    list: () => names.map((name) => componentStatus(name, components[name]?.())),
    columns: {
      columns: [
        NAME_COLUMN,
        textColumn('Status', 'Whether it is well.'),
        textColumn('Message', 'What it says of itself.'),
        textColumn('Error', 'What is wrong with it.'),
      ],
      cells: (object) => {
        const [{ status, message = '', error = '' } = NOT_KNOWN] = object.conditions as Condition[]
        return [object.metadata.name, status === 'True' ? 'Healthy' : 'Unhealthy', message, error]
      },
    },
  }
}

const NOT_KNOWN: Condition = { type: 'Healthy', status: 'False' }

function componentStatus(name: string, problem: string | undefined): KubeObject {
  const condition: Condition =
    problem === undefined
      ? { type: 'Healthy', status: 'True', message: 'ok' }
      : { type: 'Healthy', status: 'False', error: problem }
  return { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] } as unknown as KubeObject
}
