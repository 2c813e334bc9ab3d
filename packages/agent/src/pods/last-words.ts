import { readLogs } from '../logs/read-logs.ts'
import type { ContainerState, PodContainers } from '../runtime/runtime.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import { TERMINATION_MESSAGE_POLICY } from './labels.ts'

const LOG_LINES = 80
const LOG_BYTES = 2_048

/** Adds to `messages` what containers that have ended left in their termination file, or as their last log lines. */
export async function readLastWords(observed: PodContainers, messages: Map<string, string>, volumes: PodVolumes): Promise<void> {
  for (const container of observed.containers) {
    if (container.phase !== 'exited' || messages.has(container.id)) continue
    messages.set(container.id, await lastWords(container, volumes))
  }
}

async function lastWords(container: ContainerState, volumes: PodVolumes): Promise<string> {
  const message = await volumes.terminationMessage(container.pod.uid, container.name, container.attempt)
  const fromLogs = container.labels[TERMINATION_MESSAGE_POLICY] === 'FallbackToLogsOnError'
  if (message !== '' || !fromLogs || container.exitCode === 0) return message
  const chunks: Buffer[] = []
  const lines = readLogs(container.logPath, { follow: false, tailLines: LOG_LINES, timestamps: false })
  try {
    for await (const chunk of lines) chunks.push(chunk)
  } catch {
    return ''
  }
  return Buffer.concat(chunks).subarray(-LOG_BYTES).toString('utf8')
}
