import type { ContainerRuntime } from '../runtime/runtime.ts'
import { type AgentMeters, RELIST } from './agent-meters.ts'

/** As the kubelet names what it asks of a runtime. */
const OPERATIONS: Readonly<Record<string, string>> = {
  info: 'status',
  listPods: RELIST,
  inspectPod: 'podsandbox_status',
  startSandbox: 'run_podsandbox',
  createContainer: 'create_container',
  startContainer: 'start_container',
  stopContainer: 'stop_container',
  updateContainer: 'update_container',
  writtenBytes: 'container_stats',
  removeContainer: 'remove_container',
  removeSandbox: 'remove_podsandbox',
  exec: 'exec',
  attach: 'attach',
}

type Call = (...args: unknown[]) => unknown

/** The same runtime; how often it is asked, and how long its answers take, is counted. */
export function measuredRuntime<R extends ContainerRuntime>(runtime: R, meters: AgentMeters): R {
  return new Proxy(runtime, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      const call = (member as Call).bind(target)
      const operation = OPERATIONS[String(key)]
      return operation === undefined ? call : measured(operation, call, meters)
    },
  })
}

function measured(operation: string, call: Call, meters: AgentMeters): Call {
  return async (...args) => {
    const startMs = performance.now()
    let failed = true
    try {
      const answer = await call(...args)
      failed = false
      return answer
    } finally {
      meters.noteOperation(operation, { startMs, endMs: performance.now(), failed })
    }
  }
}
