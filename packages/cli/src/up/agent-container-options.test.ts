import { expect, it } from 'vitest'
import { agentContainerOptions } from './agent-container-options.ts'
import { composeServices } from './compose-services.fixture.ts'

const AGENT = {
  home: '/home/ann/.local/state/skiff',
  dataDir: '/home/ann/.local/state/skiff/agent',
  root: '/home/ann/skiff',
  dockerSocket: '/var/run/docker.sock',
  command: ['skiff', 'agent'],
  env: { SKIFF_TOKEN: 'a.b' },
  stamp: '1',
}

it('gives the agent what docker-compose.yml gives it, and no more', () => {
  const { agent } = composeServices()
  const { HostConfig, StopTimeout } = agentContainerOptions(AGENT)

  expect(HostConfig.CapAdd).toEqual(agent?.cap_add)
  // The docker command makes empty lists of masked and read-only paths of the last one.
  expect([...HostConfig.SecurityOpt, 'systempaths=unconfined']).toEqual(agent?.security_opt)
  expect([HostConfig.MaskedPaths, HostConfig.ReadonlyPaths]).toEqual([[], []])
  expect([HostConfig.NetworkMode, HostConfig.PidMode, HostConfig.RestartPolicy.Name]).toEqual([
    agent?.network_mode,
    agent?.pid,
    agent?.restart,
  ])
  expect(`${StopTimeout}s`).toBe(agent?.stop_grace_period)
})

it('mounts the tree read-only, and the agent’s folder where the engine finds it', () => {
  expect(agentContainerOptions(AGENT).HostConfig.Mounts).toEqual([
    { Type: 'bind', Source: AGENT.root, Target: AGENT.root, ReadOnly: true },
    { Type: 'bind', Source: AGENT.dockerSocket, Target: AGENT.dockerSocket },
    { Type: 'bind', Source: AGENT.dataDir, Target: AGENT.dataDir, BindOptions: { Propagation: 'rshared' } },
  ])
})
