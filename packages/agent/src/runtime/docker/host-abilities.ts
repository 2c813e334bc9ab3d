import { randomUUID } from 'node:crypto'
import type Docker from 'dockerode'
import { cgroupParentOf, hostCgroupsOf } from './cgroup-parent.ts'
import { type HostAbilities, sandboxOptions } from './create-options.ts'
import { type Engine, READ_TIMEOUT_MS, WRITE_TIMEOUT_MS } from './engine.ts'
import { mayBeOomScoreRefusal, startErrorOf } from './engine-errors.ts'
import { type Owner, ownerLabels } from './identity.ts'

/** Finds out by starting one sandbox as sandboxes are meant to be, and one that asks less when that fails. */
export async function probeAbilities(engine: Engine, owner: Owner): Promise<HostAbilities> {
  const info: { readonly SecurityOptions?: readonly string[]; readonly CgroupDriver?: string } = await engine.call(
    'info',
    READ_TIMEOUT_MS,
    (docker) => docker.info(),
  )
  const seccomp = (info.SecurityOptions ?? []).some((option) => option.startsWith('name=seccomp'))
  const withParent = (abilities: HostAbilities, groups: string): HostAbilities => {
    const cgroupParent = cgroupParentOf(groups, info.CgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs')
    return cgroupParent === undefined ? abilities : { ...abilities, cgroupParent }
  }
  const best = { seccomp, allCapabilities: true }
  try {
    return withParent(best, await tryOut(engine, owner, best))
  } catch (error) {
    if (!mayBeOomScoreRefusal(error)) throw startErrorOf('start', error)
    const modest = { seccomp, allCapabilities: false }
    return withParent(modest, await tryOut(engine, owner, modest))
  }
}

/** Gives the control groups that it was in; '' if they can't be seen. */
async function tryOut(engine: Engine, owner: Owner, abilities: HostAbilities): Promise<string> {
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
    const { State } = await engine.call('inspect a probe', READ_TIMEOUT_MS, (_, abortSignal) =>
      container.inspect({ abortSignal }),
    )
    return await hostCgroupsOf(State.Pid, container.id)
  } finally {
    await engine.call('remove a probe', WRITE_TIMEOUT_MS, (_, abortSignal) => container.remove({ force: true, abortSignal }))
  }
}
