import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDockerRuntime } from '../../packages/agent/src/runtime/docker/docker-runtime.ts'
import { type RuntimeUnderTest, runtimeContract } from '../../packages/agent/src/runtime/runtime.contract.ts'
import {
  type ContainerRuntime,
  type ContainerSpec,
  EngineUnavailableError,
  type RuntimeEvent,
} from '../../packages/agent/src/runtime/runtime.ts'
import { PLAIN_CONTAINER } from '../../packages/agent/src/runtime/testing/plain-container.ts'
import { FaultyDocker } from '../support/faulty-docker.ts'
import { createTestFabric, type TestFabric, type TestHost } from '../support/test-host.ts'
import { importBusybox } from '../support/test-image.ts'

describe('the Docker runtime', () => {
  let fabric: TestFabric
  let host: TestHost
  let underTest: RuntimeUnderTest

  beforeAll(async () => {
    fabric = await createTestFabric()
    host = await fabric.startHost('one')
    const imageId = await importBusybox(host, 'skiff-test/busybox:1')
    const runtime = createDockerRuntime({ clusterId: randomUUID(), node: 'one', dockerHost: host.dockerHost })
    underTest = {
      runtime,
      imageId,
      listens: async ({ id }) => {
        await host.docker('exec', id, 'sh', '-c', 'until [ -e /tmp/listens ]; do sleep 0.02; done')
      },
      exit: async ({ id }, code) => {
        const script = `echo ${code} > /tmp/exit.new; mv /tmp/exit.new /tmp/exit`
        // The container may end, and everything in it, before the command has told its own end.
        await host.docker('exec', id, 'sh', '-c', script).catch(() => undefined)
      },
      killSandbox: async (id) => {
        await host.docker('kill', id)
        await expect.poll(async () => await host.docker('inspect', '-f', '{{.State.Status}}', id)).toBe('exited\n')
      },
      unstartable: (spec) => ({ ...spec, entrypoint: ['no-such-program'] }),
    }
  })

  afterAll(async () => {
    await fabric?.[Symbol.asyncDispose]()
  })

  runtimeContract(() => underTest)

  test('a sandbox has an empty network and next to no rights', async () => {
    const { runtime } = underTest
    await using pod = await startPod(runtime, underTest.imageId)

    const [info] = JSON.parse(await host.docker('inspect', pod.sandboxId))

    expect(info.HostConfig).toMatchObject({
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      RestartPolicy: { Name: 'no' },
    })
    expect(info.HostConfig.SecurityOpt).toContain('no-new-privileges')
    expect(await pod.output(['sh', '-c', 'ip -o link; hostname'])).toMatch(/^1: lo:[^\n]*\nweb\n$/)
  })

  test('a sandbox ends when it is asked to, and reaps the orphans of a process namespace that it shares', async () => {
    const { runtime } = underTest
    await using pod = await startPod(runtime, underTest.imageId, { shareProcessNamespace: true })
    // A child whose parent ends before it becomes that of the sandbox, which is pid 1.
    await pod.output(['sh', '-c', '(sleep 0.2 & echo $! > /tmp/orphan)'])
    const states = ['sh', '-c', 'ps -o pid,ppid,stat,args | sed 1d']
    await expect.poll(() => pod.output(['sh', '-c', 'test -e /proc/$(cat /tmp/orphan) || echo reaped'])).toBe('reaped\n')
    expect(await pod.output(states)).toMatch(/^ +1 +0 +[RS].* \/pause$/m)

    const begin = performance.now()
    await host.docker('stop', '--time', '60', pod.sandboxId)

    expect(performance.now() - begin).toBeLessThan(30_000)
    expect(await host.docker('inspect', '-f', '{{.State.ExitCode}}', pod.sandboxId)).toBe('0\n')
  })

  test('a command that does not exist is refused, not reported as output', async () => {
    await using pod = await startPod(underTest.runtime, underTest.imageId)

    const session = await underTest.runtime.exec(pod.containerId, { command: ['no-such-program'], stdin: false, tty: false })
    const outcome = expect(session.exit).rejects.toThrow(/executable file not found/)

    expect(await text(session.stdout)).toBe('')
    await outcome
  })

  test('output that reads like the engine’s complaint is passed on when a program wrote it', async () => {
    await using pod = await startPod(underTest.runtime, underTest.imageId)

    expect(await pod.output(['echo', 'OCI runtime exec failed: not really'])).toBe('OCI runtime exec failed: not really\n')
  })

  test('input reaches the command, and its end too', async () => {
    await using pod = await startPod(underTest.runtime, underTest.imageId)

    const session = await underTest.runtime.exec(pod.containerId, { command: ['cat'], stdin: true, tty: false })
    session.stdin?.end('a line\n')

    expect(await text(session.stdout)).toBe('a line\n')
    expect(await session.exit).toBe(0)
  })

  test('a leftover that was created but never started does not stand in the way', async () => {
    const { runtime, imageId } = underTest
    await using pod = await startPod(runtime, imageId)
    const name = `k8s_left_web_default_${pod.uid}_0`
    await host.docker('create', '--name', name, ...labelsOf(pod.labels), 'skiff-test/busybox:1', 'sh')

    const started = await runtime.startContainer({ ...pod.spec, name: 'left' })

    expect(started.phase).toBe('running')
    expect((await runtime.inspectPod(pod.uid)).containers.filter(({ name }) => name === 'left')).toHaveLength(1)
  })

  test('a stranger’s container with the wanted name is left alone', async () => {
    const { runtime, imageId } = underTest
    await using pod = await startPod(runtime, imageId)
    const name = `k8s_taken_web_default_${pod.uid}_0`
    const stranger = (await host.docker('create', '--name', name, 'skiff-test/busybox:1', 'sh')).trim()

    await expect(runtime.startContainer({ ...pod.spec, name: 'taken' })).rejects.toThrow(/already in use/)

    expect(await host.docker('rm', stranger)).toBe(`${stranger}\n`)
  })

  test('a daemon that is killed and started again loses no container and is told as gone and back', async () => {
    const { runtime, imageId } = underTest
    await using pod = await startPod(runtime, imageId)
    using events = watch(runtime)
    await expect.poll(() => events.seen).toContainEqual({ type: 'resync' })

    await host.killDaemon()
    await expect.poll(() => events.seen).toContainEqual(expect.objectContaining({ type: 'engine', available: false }))
    await expect(runtime.listPods()).rejects.toThrow(/can't be reached/)
    const before = events.seen.length
    await startDaemonAgain(host)

    await expect.poll(() => events.seen.slice(before)).toContainEqual({ type: 'resync' })
    const back = expect.objectContaining({ type: 'engine', available: true })
    await expect.poll(() => events.seen.slice(before)).toContainEqual(back)
    const { containers } = await runtime.inspectPod(pod.uid)
    expect(containers[0]).toMatchObject({ id: pod.containerId, phase: 'running' })
    await host.docker('kill', pod.containerId)
    await expect.poll(() => events.seen).toContainEqual(expect.objectContaining({ action: 'die', containerId: pod.containerId }))

    // What this daemon can do is found out by a trial of its own.
    await using _another = await startPod(runtime, imageId)
    const until = String(Math.ceil(Date.now() / 1000))
    const format = '{{.Actor.Attributes.name}}'
    const made = await host.docker('events', '--since', '1', '--until', until, '--filter', 'event=create', '--format', format)
    expect(made).toMatch(/skiff_probe_/)
  })

  test('an inspection that is never answered keeps nobody from the other pods', async () => {
    await using faulty = await FaultyDocker.start(join(host.host.folder, 'faulty.sock'), host.dockerHost)
    const clusterId = randomUUID()
    const runtime = createDockerRuntime({ clusterId, node: 'one', dockerHost: faulty.dockerHost })
    await using stuck = await startPod(runtime, underTest.imageId)
    await using other = await startPod(runtime, underTest.imageId)
    faulty.fault = ({ path }) => (path === `/containers/${stuck.sandboxId}/json` ? 'hang' : undefined)

    const pods = await runtime.listPods()
    const found = await runtime.inspectPod(other.uid)
    faulty.fault = () => undefined

    expect(found.containers[0]).toMatchObject({ id: other.containerId, phase: 'running' })
    expect(pods.find(({ pod }) => pod.uid === other.uid)?.sandboxes).toEqual(found.sandboxes)
    const seen = pods.find(({ pod }) => pod.uid === stuck.uid)?.sandboxes[0]
    expect(seen).toMatchObject({ id: stuck.sandboxId, phase: 'running', labels: { 'dev.skiff/pod-ip': '10.1.2.3' } })
  })

  test('what was created although the answer was lost is taken as it is, and nothing is left over', async () => {
    await using faulty = await FaultyDocker.start(join(host.host.folder, 'lossy.sock'), host.dockerHost)
    const runtime = createDockerRuntime({ clusterId: randomUUID(), node: 'one', dockerHost: faulty.dockerHost })
    await using pod = await startPod(runtime, underTest.imageId)
    const lost: string[] = []
    for (const call of [/^\/containers\/create$/, /^\/containers\/\w+\/start$/]) {
      faulty.fault = ({ method, path }) => {
        if (lost.length > 0 || method !== 'POST' || !call.test(path)) return undefined
        lost.push(path)
        return 'lose the answer'
      }
      await expect(runtime.startContainer({ ...pod.spec, name: 'lossy' })).rejects.toThrow(EngineUnavailableError)
      expect(lost.splice(0)).toHaveLength(1)
    }

    const started = await runtime.startContainer({ ...pod.spec, name: 'lossy' })

    expect(started.phase).toBe('running')
    const containers = (await runtime.inspectPod(pod.uid)).containers.filter(({ name }) => name === 'lossy')
    expect(containers.map(({ id, attempt }) => ({ id, attempt }))).toEqual([{ id: started.id, attempt: 0 }])
  })

  test('a daemon that hangs is told as gone within seconds', async () => {
    using events = watch(underTest.runtime)
    await expect.poll(() => events.seen).toContainEqual({ type: 'resync' })

    await using _ = await host.pauseDaemon()

    const told = expect.objectContaining({ type: 'engine', available: false })
    await expect.poll(() => events.seen).toContainEqual(told)
  })
})

async function startPod(runtime: ContainerRuntime, imageId: string, more: Partial<ContainerSpec> = {}) {
  const pod = { namespace: 'default', name: 'web', uid: randomUUID() }
  const labels = { 'dev.skiff/pod-ip': '10.1.2.3' }
  const sandbox = await runtime.startSandbox({ pod, attempt: 0, hostname: 'web', labels, hostNetwork: false })
  const spec = {
    ...PLAIN_CONTAINER,
    pod,
    sandboxId: sandbox.id,
    imageId,
    entrypoint: ['sleep', '1000'],
    ...more,
  }
  const container = await runtime.startContainer(spec)
  return {
    uid: pod.uid,
    spec,
    labels: container.labels,
    sandboxId: sandbox.id,
    containerId: container.id,
    async output(command: readonly string[]) {
      const session = await runtime.exec(container.id, { command, stdin: false, tty: false })
      const [stdout] = await Promise.all([text(session.stdout), session.stderr && text(session.stderr)])
      return stdout
    },
    async [Symbol.asyncDispose]() {
      const { sandboxes, containers } = await runtime.inspectPod(pod.uid)
      for (const { id } of containers) await runtime.removeContainer(id)
      for (const { id } of sandboxes) await runtime.removeSandbox(id)
    },
  }
}

function watch(runtime: ContainerRuntime) {
  const abort = new AbortController()
  const seen: RuntimeEvent[] = []
  runtime.watch((event) => seen.push(event), abort.signal)
  return { seen, [Symbol.dispose]: () => abort.abort() }
}

/** Within a second of a kill the old pid file or containerd may still be in the way. */
async function startDaemonAgain(host: TestHost): Promise<void> {
  await expect.poll(() => host.startDaemon().then(() => 'started'), { timeout: 60_000, interval: 500 }).toBe('started')
}

function labelsOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries({ ...labels, 'io.kubernetes.container.name': 'left' }).flatMap(([key, value]) => [
    '--label',
    `${key}=${value}`,
  ])
}
