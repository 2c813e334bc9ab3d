import {
  isConflict,
  isNotFound,
  type KubeObject,
  VALIDATING_ADMISSION_POLICIES,
  type ValidatingAdmissionPolicy,
} from '@skiff/api'
import type { Logger } from 'pino'
import { prefixOf } from '../../registry/keys.ts'
import type { Registry } from '../../registry/registry.ts'
import { watchChanges } from '../../registry/watch-changes.ts'
import { asApiServer } from '../as-api-server.ts'
import { checkTypes } from './check-types.ts'

interface TypeCheckOptions {
  readonly registry: Registry
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Tells in each policy's status, once for each of its generations, which of its expressions don't fit (`typeChecking`). */
export function keepTypesChecked(options: TypeCheckOptions): void {
  const { registry, logger, signal } = options
  const { store } = registry
  const check = () => {
    const policies = registry.objects.list<ValidatingAdmissionPolicy>(VALIDATING_ADMISSION_POLICIES)
    for (const policy of policies.filter(isUnchecked)) {
      writeCheck(registry, policy).catch((error: unknown) => {
        if (!signal.aborted) logger.warn({ policy: policy.metadata.name, err: error }, 'policy was not type checked')
      })
    }
  }
  const prefix = prefixOf(VALIDATING_ADMISSION_POLICIES)
  watchChanges({ store, prefix, signal, onChange: () => queueMicrotask(check) })
  check()
}

function isUnchecked({ metadata, status }: ValidatingAdmissionPolicy): boolean {
  return (status?.observedGeneration ?? 0) !== (metadata.generation ?? 0)
}

async function writeCheck(registry: Registry, { metadata: { name } }: ValidatingAdmissionPolicy): Promise<void> {
  const apply = (old: KubeObject | undefined): KubeObject => {
    const policy = structuredClone(old) as unknown as ValidatingAdmissionPolicy
    policy.metadata.resourceVersion = ''
    const warnings = checkTypes(policy, registry)
    const typeChecking = warnings.length === 0 ? {} : { expressionWarnings: warnings }
    policy.status = { ...policy.status, observedGeneration: policy.metadata.generation ?? 0, typeChecking } as NonNullable<
      typeof policy.status
    >
    return policy as unknown as KubeObject
  }
  const change = { subresource: 'status' as const, createIfMissing: false, apply }
  try {
    await registry.find(VALIDATING_ADMISSION_POLICIES)?.update({ namespace: '', name }, change, asApiServer())
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}
