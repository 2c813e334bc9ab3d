/** Network namespaces with a worker in each, for tests of what the kernel does with packets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { run } from '../../packages/cli/src/hosts/index.ts'
import type { TaskResult, Tasks } from './namespace-worker.ts'

const WITH_NODE = join(import.meta.dirname, '..', '..', 'scripts', 'with-node')
const WORKER = join(import.meta.dirname, 'namespace-worker.ts')

export class NetworkNamespace implements AsyncDisposable {
  readonly name: string
  readonly #worker: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #requests = 0

  private constructor(name: string, worker: ChildProcess) {
    this.name = name
    this.#worker = worker
    worker.on('message', (result: TaskResult) => this.#settle(result))
    worker.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the worker of ${name} ended`))
    })
  }

  static async create(name: string): Promise<NetworkNamespace> {
    await run('ip', ['netns', 'add', name])
    await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
    const command = [WITH_NODE, 'node', '--conditions=source', '--disable-warning=ExperimentalWarning', WORKER]
    const worker = spawn('ip', ['netns', 'exec', name, ...command], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const ready = new Promise((resolve) => worker.once('message', resolve))
    await Promise.race([ready, once(worker, 'exit').then(() => Promise.reject(new Error(`the worker of ${name} did not start`)))])
    return new NetworkNamespace(name, worker)
  }

  /** Lines for `ip -batch -`. */
  ip(...lines: readonly string[]): Promise<string> {
    return run('ip', ['-n', this.name, '-batch', '-'], `${lines.join('\n')}\n`)
  }

  exec(program: string, ...args: readonly string[]): Promise<string> {
    return run('ip', ['netns', 'exec', this.name, program, ...args])
  }

  call<T extends keyof Tasks>(task: T, ...args: Parameters<Tasks[T]>): Promise<Awaited<ReturnType<Tasks[T]>>> {
    const id = ++this.#requests
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#worker.send({ id, task, args })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#worker.exitCode === null) {
      this.#worker.disconnect()
      await once(this.#worker, 'exit')
    }
    await run('ip', ['netns', 'del', this.name])
  }

  #settle(result: TaskResult): void {
    const waiting = this.#waiting.get(result.id)
    this.#waiting.delete(result.id)
    if ('error' in result) waiting?.reject(new Error(result.error))
    else waiting?.resolve(result.value)
  }
}
