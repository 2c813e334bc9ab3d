/**
 * Dockerfile and docker-compose.yml as they stand, on a host with an engine of its own: what Compose would start is
 * started word for word.
 */
import { existsSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../packages/cli/src/hosts/index.ts'
import { AGENT_IMAGE } from '../../packages/cli/src/up/agent-container-options.ts'
import { composeServices } from '../../packages/cli/src/up/compose-services.fixture.ts'
import { createTestFabric, type TestFabric, type TestHost } from '../support/test-host.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** Where the Dockerfile puts it. */
const SKIFF = '/opt/skiff/packages/cli/bin/skiff'

/** A host of a test has this machine's disk: the folder under its mount is seen here. */
const STATE = '/var/lib/skiff'
const stateWasThere = existsSync(STATE)

let fabric: TestFabric
let host: TestHost

beforeAll(async () => {
  fabric = await createTestFabric()
  host = await fabric.startHost('composed')
  await importBusybox(host, 'skiff-test/composed:1')
  // The machine's own folders, as a fresh host has them.
  const prepare = `
    set -e
    mkdir -p ${STATE} && mount -t tmpfs tmpfs ${STATE} && mount --make-rshared ${STATE}
    mkdir -p ${STATE}/master ${STATE}/agent
    touch /run/docker.sock && mount --bind ${host.dockerHost.slice('unix://'.length)} /run/docker.sock`
  await host.exec(['sh', '-c', prepare])
  await run(join(ROOT, 'scripts', 'with-node'), [join(ROOT, 'scripts', 'agent-image.ts'), '--docker-host', host.dockerHost])
  await buildDockerfile()
})
afterAll(async () => {
  await fabric?.[Symbol.asyncDispose]()
  if (!stateWasThere && existsSync(STATE)) rmdirSync(STATE)
})

/**
 * The Dockerfile's own lines, without a registry: under the name of its base stands an image that has the programs
 * already, so that there is nothing to install.
 */
async function buildDockerfile(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-base-'))
  writeFileSync(join(folder, 'Dockerfile'), `FROM ${AGENT_IMAGE}\nCOPY apt-get rm /usr/sbin/\n`)
  for (const name of ['apt-get', 'rm']) writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 })
  await build('debian:bookworm-slim', folder)
  rmSync(folder, { recursive: true })
  await build(composeServices().master?.image as string, ROOT)
}

/** Whatever its version, the client leaves it to the engine's own builder. */
async function build(tag: string, folder: string): Promise<void> {
  const options = ['--network', 'none', '--quiet', '--tag', tag]
  await run('env', ['DOCKER_BUILDKIT=0', 'docker', '-H', host.dockerHost, 'build', ...options, folder])
}

/** What each key of a service is to `docker run`; a key that isn't here is not known to work. */
const OPTIONS: Readonly<Record<string, (value: never) => readonly string[]>> = {
  image: () => [],
  command: () => [],
  environment: (variables: Record<string, string>) =>
    Object.entries(variables).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
  network_mode: (mode: string) => ['--network', mode],
  pid: (mode: string) => ['--pid', mode],
  restart: (policy: string) => ['--restart', policy],
  stop_grace_period: (period: string) => ['--stop-timeout', period.replace(/s$/, '')],
  cap_add: (names: string[]) => names.flatMap((name) => ['--cap-add', name]),
  security_opt: (options: string[]) => options.flatMap((option) => ['--security-opt', option]),
  volumes: (volumes: string[]) => volumes.flatMap((volume) => ['--volume', volume]),
  healthcheck: ({ test: [, ...command] }: { test: string[] }) => ['--health-cmd', command.join(' ')],
}

async function up(name: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const service = composeServices()[name] ?? {}
  const options = Object.entries(service).flatMap(([key, value]) => OPTIONS[key]?.(value as never) ?? unknown(key))
  const line = ['run', '--detach', '--name', name, ...options, service.image as string, ...(service.command as string[])]
  const filled = line.map((word) => word.replace(/\$\{(\w+):-(.*?)\}/g, (_, variable, fallback) => env[variable] || fallback))
  await host.docker(...filled)
}

function unknown(key: string): never {
  throw new Error(`docker-compose.yml has ${key}, which this test does not run`)
}

const skiff = (...args: string[]) => host.docker('exec', 'master', SKIFF, ...args)

test('master and agent run as containers, without privileges, and pods run beside them', async () => {
  await up('master')
  await waitFor('the master serves', async () => (await skiff('status')) !== '', 120_000)
  const line = await skiff('token', 'create')
  const [, SKIFF_JOIN = '', SKIFF_TOKEN = '', SKIFF_CA_HASH = ''] = /--join (\S+) --token (\S+) --ca-hash (\S+)/.exec(line) ?? []
  await up('agent', { SKIFF_JOIN, SKIFF_TOKEN, SKIFF_CA_HASH })
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'hello' },
    spec: {
      volumes: [{ name: 'fast', emptyDir: { medium: 'Memory' } }],
      containers: [
        {
          name: 'main',
          image: 'skiff-test/composed:1',
          imagePullPolicy: 'Never',
          command: ['sh', '-c', 'echo hello > /fast/index.html; echo hello is served; httpd -f -p 80 -h /fast'],
          ports: [{ containerPort: 80, hostPort: 8098 }],
          volumeMounts: [{ name: 'fast', mountPath: '/fast' }],
        },
      ],
    },
  }
  await run('docker', ['-H', host.dockerHost, 'exec', '-i', 'master', SKIFF, 'apply', '-f', '-'], JSON.stringify(manifest))
  await waitFor(
    'the pod answers',
    async () => (await host.exec(['busybox', 'wget', '-qO-', 'http://127.0.0.1:8098/'])).includes('hello'),
    120_000,
  )
  const [, node = ''] = /^(\S+) +Ready /m.exec(await skiff('get', 'nodes')) ?? []
  const summary = `http://skiff/api/v1/nodes/${node}/proxy/stats/summary?only_cpu_and_memory=true`
  expect(await host.exec(['curl', '-s', '--unix-socket', `${STATE}/master/api.sock`, summary])).toContain('"name":"runtime"')

  // Made anew without a join line: the agent has its own certificate by now, and its pods go on.
  const before = await host.docker('ps', '-q', '--no-trunc', '--filter', 'label=io.kubernetes.pod.name=hello')
  await host.docker('restart', 'master')
  await host.docker('rm', '--force', 'agent')
  await up('agent')
  await waitFor('the agent answers again', async () => (await skiff('logs', 'hello')).includes('hello is served'), 120_000)
  expect(await host.docker('ps', '-q', '--no-trunc', '--filter', 'label=io.kubernetes.pod.name=hello')).toBe(before)
})
