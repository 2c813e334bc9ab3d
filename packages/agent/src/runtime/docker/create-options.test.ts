import { describe, expect, test } from 'vitest'
import type { ContainerSpec } from '../runtime.ts'
import { PLAIN_CONTAINER } from '../testing/plain-container.ts'
import { containerOptions, sandboxOptions } from './create-options.ts'

const pod = { namespace: 'default', name: 'web', uid: 'u1' }
const able = { seccomp: true, allCapabilities: true }
const sandbox = { pod, attempt: 0, hostname: 'web', labels: {}, hostNetwork: false }
const container: ContainerSpec = {
  ...PLAIN_CONTAINER,
  pod,
  sandboxId: 'abc',
  imageId: 'sha256:1',
  security: { privileged: false, noNewPrivileges: false, readOnlyRootFilesystem: false },
}

describe('a sandbox', () => {
  test('has the engine’s network switched off', () => {
    expect(sandboxOptions(sandbox, {}, able)).toMatchObject({
      NetworkDisabled: true,
      Hostname: 'web',
      HostConfig: { NetworkMode: 'none' },
    })
  })

  test('of a host network pod has the host’s, and no name of its own', () => {
    const options = sandboxOptions({ ...sandbox, hostNetwork: true }, {}, able)

    expect(options.HostConfig?.NetworkMode).toBe('host')
    expect(options).not.toHaveProperty('NetworkDisabled')
    expect(options).not.toHaveProperty('Hostname')
  })

  test('asks for no profile where the engine has no seccomp, and for no lower OOM score where that is refused', () => {
    const options = sandboxOptions(sandbox, {}, { seccomp: false, allCapabilities: false })

    expect(options.HostConfig).toMatchObject({ SecurityOpt: ['no-new-privileges'], OomScoreAdj: 0 })
  })
})

describe('a container', () => {
  const hostConfig = (changes: Partial<ContainerSpec>, host = able) =>
    containerOptions({ ...container, ...changes }, {}, host).HostConfig

  test('joins the sandbox, and says nothing that would cancel or forbid that', () => {
    const options = containerOptions(container, {}, able)

    expect(options.HostConfig).toMatchObject({ NetworkMode: 'container:abc', IpcMode: 'container:abc' })
    expect(options.HostConfig).not.toHaveProperty('PidMode')
    for (const forbidden of ['Hostname', 'NetworkDisabled', 'MacAddress']) expect(options).not.toHaveProperty(forbidden)
  })

  test('shares processes with the pod or the host when asked to', () => {
    expect(hostConfig({ shareProcessNamespace: true })?.PidMode).toBe('container:abc')
    expect(hostConfig({ hostPid: true, shareProcessNamespace: true })?.PidMode).toBe('host')
  })

  test('keeps the image’s command unless the pod says otherwise', () => {
    expect(containerOptions(container, {}, able)).not.toHaveProperty('Entrypoint')
    expect(containerOptions({ ...container, entrypoint: ['a'], command: ['b'] }, {}, able)).toMatchObject({
      Entrypoint: ['a'],
      Cmd: ['b'],
    })
  })

  test('has no swap beside its memory, and quota and period rather than NanoCpus', () => {
    expect(hostConfig({ resources: { memoryBytes: 64 * 2 ** 20, cpuQuotaUs: 20_000 } })).toMatchObject({
      Memory: 64 * 2 ** 20,
      MemorySwap: 64 * 2 ** 20,
      CpuQuota: 20_000,
      CpuPeriod: 100_000,
    })
  })

  test('gets at least what the engine and the kernel accept', () => {
    expect(hostConfig({ resources: { memoryBytes: 1, cpuQuotaUs: 1, cpuShares: 0 } })).toMatchObject({
      Memory: 6 * 2 ** 20,
      CpuQuota: 1_000,
      CpuShares: 2,
    })
  })

  test('mounts by Mounts, never by Binds, which would make what is missing', () => {
    const config = hostConfig({
      mounts: [
        { source: '/a', target: '/b', readOnly: true },
        { source: '/d', target: '/e', readOnly: false, propagation: 'rslave' },
      ],
      tmpfs: [{ target: '/c', sizeBytes: 10 }],
    })

    expect(config).not.toHaveProperty('Binds')
    expect(config?.Mounts).toEqual([
      { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true },
      { Type: 'bind', Source: '/d', Target: '/e', ReadOnly: false, BindOptions: { Propagation: 'rslave' } },
      { Type: 'tmpfs', Target: '/c', TmpfsOptions: { SizeBytes: 10 } },
    ])
  })

  test('has its log rotated, is never restarted by the engine and has no health check of the image', () => {
    expect(containerOptions(container, {}, able)).toMatchObject({
      Healthcheck: { Test: ['NONE'] },
      HostConfig: {
        RestartPolicy: { Name: 'no' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } },
      },
    })
  })

  test('keeps a negative OOM score only where the host allows it', () => {
    const resources = { oomScoreAdj: -997 }

    expect(hostConfig({ resources })?.OomScoreAdj).toBe(-997)
    expect(hostConfig({ resources }, { ...able, allCapabilities: false })?.OomScoreAdj).toBe(0)
  })

  test('is privileged as far as the daemon itself is', () => {
    const security = { ...container.security, privileged: true }

    expect(hostConfig({ security })?.Privileged).toBe(true)
    const most = hostConfig({ security }, { ...able, allCapabilities: false })
    expect(most).toMatchObject({ CapAdd: ['ALL'], CapDrop: ['SYS_RESOURCE'], DeviceCgroupRules: ['a *:* rwm'], MaskedPaths: [] })
    expect(most).not.toHaveProperty('Privileged')
  })
})
