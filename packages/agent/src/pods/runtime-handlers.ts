import { isNotFound, type Pod, RUNTIME_CLASSES, type RuntimeClass } from '@skiff/api'
import type { ApiClient } from '@skiff/client'
import type { LastAnswers } from '../objects/last-answers.ts'
import { StartError } from '../runtime/runtime.ts'

/** Asks the API for the class of a pod and keeps the answer: a class's handler never changes. */
export function runtimeHandlers(client: ApiClient, answers: LastAnswers): (pod: Pod) => Promise<string | undefined> {
  const known = new Map<string, string>()
  return async ({ metadata, spec }) => {
    const name = spec.runtimeClassName
    if (!name) return undefined
    const handler = known.get(name) ?? (await answers.ask(metadata.uid, `RuntimeClass/${name}`, () => handlerOf(client, name)))
    known.set(name, handler)
    return handler
  }
}

async function handlerOf(client: ApiClient, name: string): Promise<string> {
  try {
    return (await client.get<RuntimeClass>(RUNTIME_CLASSES, { name })).handler
  } catch (error) {
    if (!isNotFound(error)) throw error
    throw new StartError('CreatePodSandboxError', `RuntimeClass "${name}" not found`)
  }
}
