import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { removeServices } from './install-service.ts'
import { serviceArguments, withDockerHost } from './service-arguments.ts'
import { environmentFileText, systemdUnit } from './systemd-unit.ts'

const HOME = '/var/lib/skiff'
const unit = (command: string[]) =>
  systemdUnit({ component: 'agent', home: HOME, command, environmentFile: '/var/lib/skiff/agent/join.env' })

describe('a service’s unit', () => {
  it('starts after Docker and the network, always again, and without needing the token’s file', () => {
    const text = unit(['/opt/skiff', 'agent'])
    expect(text).toContain('\nAfter=network-online.target docker.service\n')
    expect(text).not.toContain('Requires=')
    expect(text).toContain('\nRestart=always\n')
    expect(text).toContain('\nStartLimitIntervalSec=0\n')
    expect(text).toContain('\nKillMode=mixed\n')
    // It was told to stop before it had joined.
    expect(text).toContain('\nSuccessExitStatus=143\n')
    expect(text).toContain('\nEnvironmentFile=-/var/lib/skiff/agent/join.env\n')
  })

  it('gives the program its arguments as they were typed', () => {
    expect(unit(['/opt/s', '--labels', 'a=b,c=d', '/my dir', '100%', '$HOME', 'say "hi"', ''])).toContain(
      '\nExecStart=/opt/s --labels a=b,c=d "/my dir" 100%% $$HOME "say \\"hi\\"" ""\n',
    )
  })

  it('is not started any more once the agent’s node was deleted, which leaves neither certificate nor token', () => {
    const [section] = unit(['/opt/skiff', 'agent']).split('[Service]')
    expect(section).toContain(
      '\nConditionPathExists=|/var/lib/skiff/agent/client.crt\nConditionPathExists=|/var/lib/skiff/agent/join.env\n',
    )
  })

  it('knows nothing of Docker when it is the master’s', () => {
    expect(systemdUnit({ component: 'master', home: HOME, command: ['/opt/skiff', 'master'] })).not.toMatch(
      /docker|EnvironmentFile|Condition/,
    )
  })
})

describe('a service’s arguments', () => {
  it('are those that were typed, without the secrets', () => {
    const typed = [
      'agent',
      '--join',
      'https://10.0.0.1:6443',
      '--token',
      'id.secret',
      '--ca-hash=sha256:00',
      '--max-pods',
      '50',
      '--install-service',
    ]
    expect(serviceArguments(typed, HOME, '/root')).toEqual([
      '--home',
      HOME,
      'agent',
      '--join',
      'https://10.0.0.1:6443',
      '--max-pods',
      '50',
    ])
  })

  it('have whole paths', () => {
    expect(serviceArguments(['--home', 'state', 'agent', '--data-dir=here'], 'state', '/root')).toEqual([
      '--home',
      '/root/state',
      'agent',
      '--data-dir',
      '/root/here',
    ])
  })
})

describe('an agent’s Docker daemon', () => {
  const env = { DOCKER_HOST: 'unix:///run/other.sock' }

  it('is the one that the environment names', () => {
    expect(withDockerHost(['agent', '--max-pods', '50'], env)).toEqual([
      'agent',
      '--max-pods',
      '50',
      '--docker-host',
      'unix:///run/other.sock',
    ])
    expect(withDockerHost(['agent'], { DOCKER_HOST: '' })).toEqual(['agent'])
  })

  it('is rather the one that was typed', () => {
    for (const typed of [
      ['agent', '--docker-host', 'unix:///x'],
      ['agent', '--docker-host=unix:///x'],
    ])
      expect(withDockerHost(typed, env)).toBe(typed)
  })
})

it('writes what the first start needs as systemd reads it', () => {
  expect(environmentFileText({ SKIFF_TOKEN: 'a.b', SKIFF_CA_HASH: undefined, ODD: 'x"$y' })).toBe(
    'SKIFF_TOKEN="a.b"\nODD="x\\"\\$y"\n',
  )
})

it('removes the services of its own home only', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'units-'))
  try {
    writeFileSync(join(directory, 'skiff-agent.service'), systemdUnit({ component: 'agent', home: '/srv/mine', command: ['x'] }))
    writeFileSync(
      join(directory, 'skiff-master.service'),
      systemdUnit({ component: 'master', home: '/srv/mine2', command: ['x'] }),
    )
    expect(await removeServices('/srv/mine', { directory, systemdRuns: false })).toEqual(['skiff-agent.service'])
    expect(await removeServices('/srv/mine', { directory, systemdRuns: false })).toEqual([])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
