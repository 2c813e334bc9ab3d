import { setTimeout as delay } from 'node:timers/promises'
import type { Container, Pod } from '@skiff/api'
import { runCommand } from '../containers/run-command.ts'
import { httpGetOnce } from '../probes/check.ts'
import type { ContainerRuntime } from '../runtime/runtime.ts'

type Handler = NonNullable<NonNullable<Container['lifecycle']>['postStart']>

export interface HookContext {
  readonly runtime: ContainerRuntime
  readonly pod: Pod
  readonly container: Container
  readonly containerId: string
  readonly podIp: string
  readonly timeoutMs: number
}

/** A hook that did not do its work; the message is that of the kubelet's event. */
export class HookError extends Error {
  override name = 'HookError'
}

/** Runs a postStart or preStop handler to its end. Throws HookError when it fails. */
export async function runHook(handler: Handler, context: HookContext): Promise<void> {
  if (handler.exec) return await runExecHook(handler.exec.command ?? [], context)
  if (handler.httpGet) return await runHttpHook(handler.httpGet, context)
  if (handler.sleep) await delay(Math.min(context.timeoutMs, handler.sleep.seconds * 1000))
}

async function runExecHook(command: readonly string[], context: HookContext): Promise<void> {
  const { runtime, containerId, timeoutMs } = context
  const say = (error: string, output: string) =>
    new HookError(
      `Exec lifecycle hook (${list(command)}) for ${subject(context)} failed - error: ${error}, message: ${JSON.stringify(output)}`,
    )
  const result = await runCommand(runtime, containerId, command, timeoutMs).catch((error: unknown) => {
    throw say(error instanceof Error ? error.message : String(error), '')
  })
  const { exitCode, output } = result
  if (exitCode !== 0) throw say(`command '${command.join(' ')}' exited with ${exitCode}: ${output}`, output)
}

async function runHttpHook(httpGet: NonNullable<Handler['httpGet']>, context: HookContext): Promise<void> {
  const fail = (error: string) =>
    new HookError(`HTTP lifecycle hook (${httpGet.path ?? ''}) for ${subject(context)} failed - error: ${error}, message: ""`)
  const { status } = await httpGetOnce(httpGet, context.timeoutMs, context).catch((error: unknown) => {
    throw fail(error instanceof Error ? error.message : String(error))
  })
  if (status >= 400) throw fail(`http status ${status}`)
}

function subject({ pod, container }: HookContext): string {
  const { name, namespace, uid } = pod.metadata
  return `Container "${container.name}" in Pod "${name}_${namespace}(${uid})"`
}

function list(command: readonly string[]): string {
  return `[${command.join(' ')}]`
}
