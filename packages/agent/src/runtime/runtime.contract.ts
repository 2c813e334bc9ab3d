/** What every container runtime must do; run on the fake in the unit tests and on a real Docker engine end to end. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import {
  type ContainerRuntime,
  type ContainerSpec,
  type ContainerState,
  type PodRef,
  type RuntimeEvent,
  type SandboxSpec,
  StartError,
} from './runtime.ts'
import { PLAIN_CONTAINER } from './testing/plain-container.ts'

/** A runtime and the ways of a test to its containers, which run `CONTAINER_SCRIPT` or what stands for it. */
export interface RuntimeUnderTest {
  readonly runtime: ContainerRuntime
  readonly imageId: string
  /** Resolves when the container's process has come so far that it ends by itself on SIGTERM. */
  listens(container: ContainerState): Promise<void>
  /** The container's process ends by itself. */
  exit(container: ContainerState, code: number): Promise<void>
  killSandbox(sandboxId: string): Promise<void>
  /** Of the container, one that can't start. */
  unstartable(spec: ContainerSpec): ContainerSpec
}

/** Makes /tmp/listens, and from then on ends with 3 on SIGTERM, and with whatever stands in /tmp/exit once it is there. */
export const CONTAINER_SCRIPT = `trap 'exit 3' TERM; : > /tmp/listens; while [ ! -f /tmp/exit ]; do sleep 0.02; done; exit $(cat /tmp/exit)`
export const EXEC_SCRIPT = 'echo out; echo err >&2; exit 7'
export const TERM_EXIT_CODE = 3

export function runtimeContract(underTest: () => RuntimeUnderTest): void {
  const sandboxSpec = (pod: PodRef): SandboxSpec => ({
    pod,
    attempt: 0,
    hostname: pod.name,
    labels: { 'dev.skiff/pod-ip': '10.1.2.3' },
    hostNetwork: false,
  })
  const containerSpec = (pod: PodRef, sandboxId: string): ContainerSpec => ({
    ...PLAIN_CONTAINER,
    pod,
    sandboxId,
    imageId: underTest().imageId,
    labels: { app: 'web' },
    entrypoint: ['sh', '-c', CONTAINER_SCRIPT],
    command: [],
    resources: { memoryBytes: 64 * 2 ** 20, cpuShares: 102, pidsLimit: 64 },
  })

  /** A pod's sandbox and one container, removed at the end. */
  async function startPod() {
    const { runtime } = underTest()
    const pod = { namespace: 'default', name: 'web', uid: randomUUID() }
    const sandbox = await runtime.startSandbox(sandboxSpec(pod))
    const container = await runtime.startContainer(containerSpec(pod, sandbox.id))
    return {
      ...underTest(),
      pod,
      sandbox,
      container,
      async observed() {
        const found = (await runtime.inspectPod(pod.uid)).containers.find(({ id }) => id === container.id)
        if (found === undefined) throw new Error('the container is gone')
        return found
      },
      async [Symbol.asyncDispose]() {
        const { sandboxes, containers } = await runtime.inspectPod(pod.uid)
        for (const { id } of containers) await runtime.removeContainer(id)
        for (const { id } of sandboxes) await runtime.removeSandbox(id)
      },
    }
  }

  test('a started pod is found again with everything that the agent must remember', async () => {
    await using web = await startPod()

    const found = (await web.runtime.listPods()).find(({ pod }) => pod.uid === web.pod.uid)

    expect(found?.pod).toEqual(web.pod)
    expect(found?.sandboxes).toEqual([web.sandbox])
    expect(found?.containers).toEqual([web.container])
    expect(web.sandbox).toMatchObject({ phase: 'running', attempt: 0 })
    expect(web.sandbox.labels['dev.skiff/pod-ip']).toBe('10.1.2.3')
    expect(web.sandbox.pid).toBeGreaterThan(0)
    expect(web.container).toMatchObject({ phase: 'running', name: 'app', attempt: 0, sandboxId: web.sandbox.id })
    expect(web.container.labels.app).toBe('web')
    expect(web.container.startedAt).toBeInstanceOf(Date)
    expect(web.container.exitCode).toBeUndefined()
  })

  test('a container is made while its sandbox starts, and then only started', async () => {
    const { runtime } = underTest()
    await using web = await startPod()
    const created: string[] = []
    const pod = { ...web.pod, uid: randomUUID() }
    const sandbox = await runtime.startSandbox(sandboxSpec(pod), (id) => created.push(id))
    const spec = containerSpec(pod, sandbox.id)

    const made = await runtime.createContainer(spec)
    const before = await runtime.inspectPod(pod.uid)
    const started = await runtime.startContainer(spec, made.id)

    expect(created).toEqual([sandbox.id])
    expect(before.containers).toMatchObject([{ id: made.id, phase: 'created', name: 'app', attempt: 0, sandboxId: sandbox.id }])
    expect(made).toMatchObject({ phase: 'created', labels: started.labels, limits: started.limits })
    expect(started).toMatchObject({ id: made.id, phase: 'running' })
    await runtime.removeContainer(made.id)
    await runtime.removeSandbox(sandbox.id)
  })

  test('what was made and is gone is made again, what a former agent has made is replaced', async () => {
    await using web = await startPod()
    const spec = { ...containerSpec(web.pod, web.sandbox.id), name: 'late' }
    const lost = await web.runtime.createContainer(spec)
    await web.runtime.removeContainer(lost.id)
    const again = await web.runtime.startContainer(spec, lost.id)
    await web.runtime.createContainer({ ...spec, attempt: 1 })
    const replaced = await web.runtime.startContainer({ ...spec, attempt: 1 })

    const ids = (await web.runtime.inspectPod(web.pod.uid)).containers.filter(({ name }) => name === 'late').map(({ id }) => id)
    expect(ids.sort()).toEqual([again.id, replaced.id].sort())
  })

  test('the end of a process is not told before it, nor later than its container is stopped', async () => {
    await using web = await startPod()
    await web.listens(web.container)
    const stopped = new AbortController()
    let hasEnded = false
    const end = web.runtime.processEnd(web.container, stopped.signal).then(() => {
      hasEnded = true
    })
    await web.observed()
    expect(hasEnded).toBe(false)

    await web.runtime.stopContainer(web.container.id, 30)
    stopped.abort()

    await end
  })

  test('the limits of a running container change, and what is not said stays', async () => {
    await using web = await startPod()
    expect((await web.observed()).limits).toEqual({ cpuShares: 102, cpuQuotaUs: 0, memoryBytes: 64 * 2 ** 20 })

    await web.runtime.updateContainer(web.container.id, { cpuQuotaUs: 20_000, memoryBytes: 32 * 2 ** 20 })

    expect(await web.observed()).toMatchObject({
      phase: 'running',
      limits: { cpuShares: 102, cpuQuotaUs: 20_000, memoryBytes: 32 * 2 ** 20 },
    })
  })

  test('a pod that was never here has nothing', async () => {
    const found = await underTest().runtime.inspectPod(randomUUID())

    expect(found.sandboxes).toEqual([])
    expect(found.containers).toEqual([])
  })

  test('starting again what runs already, after a lost reply, gives what runs', async () => {
    await using web = await startPod()

    const sandbox = await web.runtime.startSandbox(sandboxSpec(web.pod))
    const container = await web.runtime.startContainer(containerSpec(web.pod, web.sandbox.id))

    expect(sandbox.id).toBe(web.sandbox.id)
    expect(container.id).toBe(web.container.id)
  })

  test('an attempt that ran and ended is not started over', async () => {
    await using web = await startPod()
    await web.listens(web.container)
    await web.runtime.stopContainer(web.container.id, 30)

    const again = web.runtime.startContainer(containerSpec(web.pod, web.sandbox.id))

    await expect(again).rejects.toThrow(StartError)
    expect((await web.observed()).exitCode).toBe(TERM_EXIT_CODE)
  })

  test('stopping lets a container end itself, and a stopped or unknown one is left alone', async () => {
    await using web = await startPod()
    await web.listens(web.container)

    await web.runtime.stopContainer(web.container.id, 30)
    await web.runtime.stopContainer(web.container.id, 30)
    await web.runtime.stopContainer('0'.repeat(64), 30)

    const stopped = await web.observed()
    expect(stopped).toMatchObject({ phase: 'exited', exitCode: TERM_EXIT_CODE, oomKilled: false, pid: 0 })
    expect(stopped.finishedAt?.getTime()).toBeGreaterThanOrEqual(stopped.startedAt?.getTime() ?? Number.POSITIVE_INFINITY)
  })

  test('a container that ends by itself is told by an event with its exit code', async () => {
    await using web = await startPod()
    await using events = await collectEvents(web.runtime)

    await web.exit(web.container, 5)

    const die = await events.first((event) => event.type === 'pod' && event.action === 'die')
    expect(die).toMatchObject({ uid: web.pod.uid, containerId: web.container.id, exitCode: 5 })
    expect(await web.observed()).toMatchObject({ phase: 'exited', exitCode: 5 })
  })

  test('watching begins with a resync', async () => {
    await using events = await collectEvents(underTest().runtime)

    expect(events.all[0]).toEqual({ type: 'resync' })
  })

  test('a container that can not start is kept with the engine’s words', async () => {
    await using web = await startPod()
    const spec = web.unstartable({ ...containerSpec(web.pod, web.sandbox.id), name: 'broken' })

    const started = web.runtime.startContainer(spec)

    await expect(started).rejects.toMatchObject({ name: 'StartError', reason: 'RunContainerError' })
    const broken = (await web.runtime.inspectPod(web.pod.uid)).containers.find(({ name }) => name === 'broken')
    expect(broken).toMatchObject({ phase: 'exited', pid: 0 })
    expect(broken?.error).toMatch(/executable file not found/)
    expect(broken?.exitCode).not.toBe(0)
    expect(broken?.startedAt).toBeUndefined()
  })

  test('the containers of a dead sandbox stay, and no further one can join it', async () => {
    await using web = await startPod()
    await web.killSandbox(web.sandbox.id)

    const joining = web.runtime.startContainer({ ...containerSpec(web.pod, web.sandbox.id), name: 'late' })

    await expect(joining).rejects.toThrow(StartError)
    const { sandboxes } = await web.runtime.inspectPod(web.pod.uid)
    expect(sandboxes[0]?.phase).toBe('exited')
    expect((await web.observed()).phase).toBe('running')
  })

  test('removing takes away what runs, and what is gone is fine', async () => {
    await using web = await startPod()

    for (let time = 0; time < 2; time++) {
      await web.runtime.removeContainer(web.container.id)
      await web.runtime.removeSandbox(web.sandbox.id)
    }

    const left = await web.runtime.inspectPod(web.pod.uid)
    expect([...left.containers, ...left.sandboxes]).toEqual([])
  })

  test('a command in a container gives both outputs and its exit code', async () => {
    await using web = await startPod()

    const session = await web.runtime.exec(web.container.id, { command: ['sh', '-c', EXEC_SCRIPT], stdin: false, tty: false })
    const [stdout, stderr] = await Promise.all([text(session.stdout), session.stderr && text(session.stderr)])

    expect({ stdout, stderr, exitCode: await session.exit }).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 7 })
  })
}

async function collectEvents(runtime: ContainerRuntime) {
  const abort = new AbortController()
  const arrivals = new EventTarget()
  const all: RuntimeEvent[] = []
  runtime.watch((event) => {
    all.push(event)
    arrivals.dispatchEvent(new Event('arrival'))
  }, abort.signal)
  const first = async (matches: (event: RuntimeEvent) => boolean): Promise<RuntimeEvent> => {
    for (;;) {
      const found = all.find(matches)
      if (found !== undefined) return found
      await once(arrivals, 'arrival')
    }
  }
  await first(() => true)
  return { all, first, [Symbol.asyncDispose]: async () => abort.abort() }
}
