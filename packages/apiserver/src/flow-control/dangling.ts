/** FlowSchemas whose priority level is not there say so: their condition `Dangling` (upstream: apf_controller.go). */

import {
  type ConditionLike,
  FLOW_SCHEMAS,
  type FlowSchema,
  findCondition,
  isNotFound,
  type KubeObject,
  PRIORITY_LEVEL_CONFIGURATIONS,
  setCondition,
} from '@skiff/api'
import type { Logger } from 'pino'
import { asApiServer } from '../admission/as-api-server.ts'
import { prefixOf } from '../registry/keys.ts'
import type { Registry } from '../registry/registry.ts'
import type { ObjectReader } from '../registry/resource-definition.ts'
import { watchChanges } from '../registry/watch-changes.ts'

interface DanglingOptions {
  readonly registry: Registry
  readonly clock: () => Date
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** What the condition of a schema should be at the moment. */
export function danglingCondition({ spec }: FlowSchema, objects: ObjectReader): ConditionLike {
  const name = spec.priorityLevelConfiguration?.name ?? ''
  const subject = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`
  return objects.get(PRIORITY_LEVEL_CONFIGURATIONS, { name }) === undefined
    ? { type: 'Dangling', status: 'True', reason: 'NotFound', message: `${subject} but there is no such object` }
    : { type: 'Dangling', status: 'False', reason: 'Found', message: `${subject} and it exists` }
}

/** Keeps the conditions right as levels come and go. */
export function keepDanglingConditions({ registry, clock, logger, signal }: DanglingOptions): void {
  const { store, objects } = registry

  async function mendAll(): Promise<void> {
    for (const schema of objects.list<FlowSchema>(FLOW_SCHEMAS)) {
      const condition = danglingCondition(schema, objects)
      if (signal.aborted) return
      if (!isSaid(schema, condition)) await say(schema.metadata.name, condition)
    }
  }

  async function say(name: string, condition: ConditionLike): Promise<void> {
    const apply = (old: KubeObject | undefined): KubeObject => {
      const changed = structuredClone(old) as unknown as FlowSchema
      changed.metadata.resourceVersion = ''
      const conditions = setCondition(conditionsOf(changed), condition, clock())
      return { ...changed, status: { ...changed.status, conditions } } as unknown as KubeObject
    }
    const change = { subresource: 'status' as const, createIfMissing: false, apply }
    try {
      await registry.find(FLOW_SCHEMAS)?.update({ namespace: '', name }, change, asApiServer())
    } catch (error) {
      if (isNotFound(error) || signal.aborted) return
      logger.warn({ flowSchema: name, err: error }, 'condition of a FlowSchema was not written')
    }
  }

  let running = Promise.resolve()
  const onChange = () => {
    running = running.then(mendAll)
  }
  for (const info of [FLOW_SCHEMAS, PRIORITY_LEVEL_CONFIGURATIONS])
    watchChanges({ store, prefix: prefixOf(info), signal, onChange })
  onChange()
}

function isSaid(schema: FlowSchema, { type, status, reason, message }: ConditionLike): boolean {
  const said = findCondition(conditionsOf(schema), type)
  return said?.status === status && said.reason === reason && said.message === message
}

function conditionsOf({ status }: FlowSchema): ConditionLike[] {
  return (status?.conditions ?? []) as ConditionLike[]
}
