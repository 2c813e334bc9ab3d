import { type Answer, type Call, valueAnswer } from '../http/call.ts'
import { success } from '../http/status-answer.ts'
import type { DeleteOptions } from '../registry/deletion.ts'
import { decodeBodyAs } from './decode-body.ts'
import { refOf } from './get.ts'
import { parseDryRun, writeContext } from './write-options.ts'

/** POST of an Eviction: a DELETE that disruption budgets may refuse (there are none yet). */
export async function evict(call: Call): Promise<Answer> {
  const eviction = decodeBodyAs(call, { group: 'policy', version: 'v1', kind: 'Eviction' }, 'Ignore')
  const asked = (eviction.deleteOptions ?? {}) as DeleteOptions & { dryRun?: string[] }
  const write = writeContext(call, 'CreateOptions')
  const dryRun = write.dryRun || parseDryRun(asked.dryRun ?? [], 'DeleteOptions')
  await call.registry.delete(refOf(call), { ...asked, dryRun }, { ...write, dryRun })
  return valueAnswer(201, success(undefined))
}
