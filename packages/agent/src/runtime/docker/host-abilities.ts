import { randomUUID } from 'node:crypto'
import type Docker from 'dockerode'
import { type HostAbilities, sandboxOptions } from './create-options.ts'
import { type Engine, READ_TIMEOUT_MS, WRITE_TIMEOUT_MS } from './engine.ts'
import { mayBeOomScoreRefusal, startErrorOf } from './engine-errors.ts'
import { type Owner, ownerLabels } from './identity.ts'

/** Finds out by starting one sandbox as sandboxes are meant to be, and one that asks less when that fails. */
export async function probeAbilities(engine: Engine, owner: Owner): Promise<HostAbilities> {
  const info: { readonly SecurityOptions?: readonly string[] } = await engine.call('info', READ_TIMEOUT_MS, (docker) =>
    docker.info(),
  )
  const seccomp = (info.SecurityOptions ?? []).some((option) => option.startsWith('name=seccomp'))
  const best = { seccomp, allCapabilities: true }
  try {
    await tryOut(engine, owner, best)
    return best
  } catch (error) {
    if (!mayBeOomScoreRefusal(error)) throw startErrorOf('start', error)
    const modest = { seccomp, allCapabilities: false }
    await tryOut(engine, owner, modest)
    return modest
  }
}

async function tryOut(engine: Engine, owner: Owner, abilities: HostAbilities): Promise<void> {
  const pod = { namespace: '', name: '', uid: '' }
  const spec = { pod, attempt: 0, hostname: 'probe', labels: {}, hostNetwork: false }
  // No pod's label: neither a relist nor a watcher takes it for one.
  const options = sandboxOptions(spec, ownerLabels(owner), abilities)
  const container = await engine.call('create a probe', WRITE_TIMEOUT_MS, (docker, abortSignal) =>
    docker.createContainer({
      _query: { name: `skiff_probe_${randomUUID()}` },
      _body: options,
      abortSignal,
    } as Docker.ContainerCreateOptions),
  )
  try {
    await engine.call('start a probe', WRITE_TIMEOUT_MS, (_, abortSignal) => container.start({ abortSignal }))
  } finally {
    await engine.call('remove a probe', WRITE_TIMEOUT_MS, (_, abortSignal) => container.remove({ force: true, abortSignal }))
  }
}
