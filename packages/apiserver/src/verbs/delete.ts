import { badRequest } from '@skiff/api'
import { type Answer, type Call, objectAnswer, valueAnswer } from '../http/call.ts'
import { success } from '../http/status-answer.ts'
import { type DeleteOptions, parsePropagation } from '../registry/deletion.ts'
import type { StoredObject } from '../registry/stored-object.ts'
import type { WriteContext } from '../registry/write-context.ts'
import { decodeOptions } from './decode-body.ts'
import { refOf } from './get.ts'
import { parseDryRun, writeContext } from './write-options.ts'

export async function remove(call: Call): Promise<Answer> {
  const options = deleteOptions(call)
  const write = deletionContext(call, options)
  const { stored, gone } = await call.registry.delete(refOf(call), options, write)
  if (!gone || call.registry.definition.deleteReturnsObject) return objectAnswer(call, 200, stored)
  return valueAnswer(200, success(detailsOf(call, stored)))
}

function detailsOf({ registry: { info } }: Call, { object }: StoredObject) {
  const { name, uid } = object.metadata
  return { name, ...(info.group === '' ? {} : { group: info.group }), kind: info.resource, uid }
}

/** From the body when there is one, else from the query. Throws BadRequest and Invalid. */
export function deleteOptions(call: Call): DeleteOptions {
  const { query } = call.info
  const body = call.body.length > 0 ? decodeOptions(call, 'DeleteOptions') : undefined
  const said = body ?? optionsOfQuery(query)
  const policy = policyOf(said)
  const preconditions = said.preconditions as DeleteOptions['preconditions']
  const dryRun = parseDryRun([...listOf(said.dryRun), ...query.getAll('dryRun')], 'DeleteOptions')
  const seconds = said.gracePeriodSeconds ?? undefined
  if (seconds !== undefined && !Number.isSafeInteger(seconds)) throw badRequest('gracePeriodSeconds must be an integer')
  return {
    dryRun,
    ...(seconds === undefined ? {} : { gracePeriodSeconds: seconds as number }),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(preconditions === undefined || preconditions === null ? {} : { preconditions }),
  }
}

/** Who deletes; admission is shown the options wherever they came from. Warns of what will be left behind unasked. */
export function deletionContext(call: Call, options: DeleteOptions): WriteContext {
  const { warning } = call.registry.definition.orphansByDefault ?? {}
  if (warning !== undefined && options.propagationPolicy === undefined) call.warn(warning)
  const { dryRun = false, ...said } = options
  const shown = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' as const, ...said, ...(dryRun ? { dryRun: ['All'] } : {}) }
  return { ...writeContext(call, 'DeleteOptions'), dryRun, options: shown }
}

type Said = Readonly<Record<string, unknown>>

function optionsOfQuery(query: URLSearchParams): Said {
  const grace = query.get('gracePeriodSeconds')
  const orphan = query.get('orphanDependents')
  return {
    ...(grace === null || grace === '' ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(orphan === null || orphan === '' ? {} : { orphanDependents: orphan === 'true' || orphan === '1' }),
    ...(query.get('propagationPolicy') ? { propagationPolicy: query.get('propagationPolicy') } : {}),
  }
}

function policyOf(said: Said) {
  const policy = parsePropagation(said.propagationPolicy as string | undefined)
  const orphan = said.orphanDependents as boolean | undefined
  if (policy !== undefined && orphan !== undefined && orphan !== null) {
    throw badRequest('orphanDependents and deletionPropagation cannot be both set')
  }
  if (policy !== undefined || orphan === undefined || orphan === null) return policy
  return orphan ? 'Orphan' : 'Background'
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
