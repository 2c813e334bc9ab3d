import type { ContainerStatus } from '@skiff/api'
import type { ContainerStatuses } from './container-status.ts'
import { wasInitialized } from './pod-phase.ts'

/**
 * Of a pod that is over, no container is still to come: what never ran, or was lost, has failed. Init containers that were never
 * reached keep waiting, and so do the others where they were not done. As the kubelet has it (status_manager.go, TerminatePod).
 */
export function withoutMissing(statuses: ContainerStatuses): ContainerStatuses {
  const { init, app, ephemeral } = statuses
  const isInitialized = init.length === 0 || wasInitialized(statuses) || init.at(-1)?.state?.terminated?.exitCode === 0
  // The first one was reached in any case.
  const reached = Math.max(1, init.findLastIndex(({ state }) => state?.waiting === undefined) + 1)
  return {
    init: init.map((status, index) => (index < reached ? notMissing(status) : status)),
    app: isInitialized ? app.map(notMissing) : app,
    ephemeral,
  }
}

function notMissing(status: ContainerStatus): ContainerStatus {
  return status.state?.terminated === undefined ? { ...status, state: { terminated: MISSING } } : status
}

const MISSING = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
}
