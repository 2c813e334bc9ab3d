import { beforeEach, describe, expect, test } from 'vitest'
import { type RuntimeUnderTest, runtimeContract, TERM_EXIT_CODE } from '../runtime.contract.ts'
import { EngineUnavailableError, type RuntimeEvent, StartError } from '../runtime.ts'
import { FakeRuntime } from './fake-runtime.ts'

describe('the fake runtime', () => {
  let underTest: RuntimeUnderTest & { readonly runtime: FakeRuntime }

  beforeEach(() => {
    const runtime = new FakeRuntime({
      onTerm: () => TERM_EXIT_CODE,
      exec: () => ({ stdout: 'out\n', stderr: 'err\n', exitCode: 7 }),
    })
    underTest = {
      runtime,
      imageId: 'sha256:fake',
      listens: async () => undefined,
      exit: async ({ id }, code) => runtime.exitContainer(id, code),
      killSandbox: async (id) => runtime.exitSandbox(id),
      unstartable: (spec) => {
        runtime.failNextStart(spec.name, new StartError('RunContainerError', 'executable file not found in $PATH'))
        return spec
      },
    }
  })

  runtimeContract(() => underTest)

  test('an engine that is gone answers nothing and is told to watchers, also when it is back', async () => {
    const events: RuntimeEvent[] = []
    const { runtime } = underTest
    runtime.watch((event) => events.push(event), new AbortController().signal)

    runtime.setAvailable(false)
    await expect(runtime.listPods()).rejects.toThrow(EngineUnavailableError)
    runtime.setAvailable(true)
    await runtime.listPods()

    const engineEvents = events.filter(({ type }) => type === 'engine')
    expect(engineEvents).toMatchObject([{ available: false }, { available: true }])
    expect(events.at(-1)).toEqual({ type: 'resync' })
  })
})
