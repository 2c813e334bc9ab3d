import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import {
  DEPLOYMENTS,
  type Deployment,
  EVENTS,
  type Event,
  findCondition,
  NODES,
  type Node,
  PODS,
  type Pod,
  podIsReady,
} from '@skiff/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../packages/cli/src/hosts/index.ts'
import { type Cluster, manifest, startCluster } from '../support/cluster.ts'
import { FaultyDocker } from '../support/faulty-docker.ts'
import { runSkiff, startSkiff } from '../support/skiff.ts'
import { waitFor } from '../support/wait-for.ts'
import { boundPod, containerOf, readyPod, runningContainers } from '../support/workloads.ts'

const FREE_RANGES = ['--service-cidr', '10.114.0.0/16', '--pod-cidr', '10.115.0.0/16']

/** The engine waits for a name server that doesn't answer. */
const LONGEST_PULL_MS = 180_000

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1 })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

interface Outcome {
  readonly status: number
  readonly text: string
}

/** `POST /apply` over the unix socket, as curl does it. */
async function apply(body: string): Promise<Outcome> {
  const answer = await run(
    'curl',
    ['-sS', '--unix-socket', cluster.socket, '--data-binary', '@-', '-w', '\n%{http_code}', 'http://skiff/apply'],
    body,
  )
  const lines = answer.split('\n')
  return { status: Number(lines.pop()), text: lines.join('\n') }
}

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { a: b }\n`
const exists = async (kind: string, name: string) =>
  (await cluster.kubectlOk(['get', kind, name, '--ignore-not-found', '-o', 'name'])) !== ''

describe('a manifest that is wrong', () => {
  it('is refused where it is not YAML, with the place, and nothing of it is stored', async () => {
    const { status, text } = await apply(`${configMap('first')}---\nkind: [\n`)
    expect(status).toBe(400)
    expect(text).toMatch(/line \d+/)
    expect(await exists('configmap', 'first')).toBe(false)
  })

  it('is refused for a kind that nobody knows, and nothing of it is stored', async () => {
    const { status, text } = await apply(`${configMap('second')}---\napiVersion: v1\nkind: Unicorn\nmetadata: { name: u }\n`)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(text).toContain('Unicorn')
    expect(await exists('configmap', 'second')).toBe(false)
  })

  it.each([
    ['an unknown field', manifest('hello.yaml').replace('replicas: 2', 'replicass: 2'), 'spec.replicass'],
    ['a wrong type', manifest('hello.yaml').replace('replicas: 2', 'replicas: two'), 'replicas'],
    [
      'a selector that does not match',
      manifest('hello.yaml').replace('matchLabels: { app: hello }', 'matchLabels: { app: other }'),
      'selector',
    ],
    [
      'a name that is no DNS label',
      manifest('hello.yaml').replace('  name: hello\nspec:\n  replicas', '  name: Hello_There\nspec:\n  replicas'),
      'metadata.name',
    ],
    ['a node port outside the range', manifest('hello.yaml').replace('- port: 80', '- { port: 80, nodePort: 99 }'), 'nodePort'],
  ])('names the field of %s and stores nothing', async (_, body, field) => {
    const { status, text } = await apply(body)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(text).toContain(field)
    expect((await cluster.client.list<Deployment>(DEPLOYMENTS, { namespace: 'default' })).items).toEqual([])
    expect(await exists('service', 'hello')).toBe(false)
  })

  it('is refused for a node port that is taken', async () => {
    const service = (name: string) =>
      `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { type: NodePort, ports: [{ port: 80, nodePort: 31999 }] }\n`
    expect((await apply(service('one'))).status).toBe(200)
    const { status, text } = await apply(service('two'))
    expect(status).toBe(422)
    expect(text).toContain('provided port is already allocated')
    await cluster.kubectlOk(['delete', 'service', 'one'])
  })
})

describe('an image that does not exist', () => {
  it('is said in the status and an event, with what the registry said, and others run', async () => {
    const missing = manifest('hello.yaml')
      .replaceAll('name: hello', 'name: missing')
      .replaceAll('app: hello', 'app: missing')
      .replace('skiff-sample/hello:1', 'skiff-sample/no-such-image:1')
    await apply(missing)
    await apply(manifest('hello.yaml'))
    const reason = await waitFor(
      'the pod says so',
      async () => {
        const { items } = await cluster.client.list<Pod>(PODS, { namespace: 'default', labelSelector: 'app=missing' })
        const waiting = items[0]?.status?.containerStatuses?.[0]?.state?.waiting
        if (waiting?.reason === 'ImagePullBackOff') return waiting.message
        throw new Error(JSON.stringify(items.map(({ status }) => status)))
      },
      LONGEST_PULL_MS,
    )
    expect(reason).toContain('skiff-sample/no-such-image:1')
    await waitFor('an event says so', async () => {
      const { items } = await cluster.client.list<Event>(EVENTS, { namespace: 'default' })
      return items.some((event) => event.reason === 'Failed' && event.message?.includes('no-such-image'))
    })
    await waitFor(
      'the others run',
      async () => {
        const { items } = await cluster.client.list<Pod>(PODS, { namespace: 'default', labelSelector: 'app=hello' })
        return items.length === 2 && items.every(podIsReady)
      },
      120_000,
    )
    await cluster.kubectlOk(['delete', 'deploy/hello', 'deploy/missing', 'svc/hello', 'svc/missing'])
  })
})

describe('a pod that fits nowhere', () => {
  it('says why, per node, in its condition and an event', async () => {
    await cluster.kubectlOk([
      'run',
      'huge',
      '--image=skiff-sample/hello:1',
      '--overrides',
      '{"spec":{"containers":[{"name":"huge","image":"skiff-sample/hello:1","resources":{"requests":{"cpu":"1000"}}}]}}',
    ])
    const message = await waitFor('the scheduler says why', async () => {
      const pod = await cluster.client.get<Pod>(PODS, { namespace: 'default', name: 'huge' })
      return pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.message
    })
    expect(message).toContain('0/1 nodes are available: 1 Insufficient cpu')
    await waitFor('an event says so', async () =>
      (await cluster.kubectlOk(['get', 'events', '--field-selector', 'reason=FailedScheduling'])).includes('Insufficient cpu'),
    )
    await cluster.kubectlOk(['delete', 'pod', 'huge'])
  })
})

describe('a process that is started wrongly', () => {
  const agentArgs = (more: readonly string[], dockerHost = cluster.host(0).dockerHost) => [
    'agent',
    '--node-name',
    'stranger',
    '--data-dir',
    `${cluster.folder}/stranger`,
    '--docker-host',
    dockerHost,
    ...more,
  ]

  /** A line that would join, on a host that lacks something. */
  async function refusedToJoin(dockerHost: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { SKIFF_TOKEN = '', SKIFF_CA_HASH = '' } = await cluster.joinEnvironment()
    const line = ['--join', cluster.server, '--token', SKIFF_TOKEN, '--ca-hash', SKIFF_CA_HASH]
    const { code, stderr } = await runSkiff(agentArgs(line, dockerHost), env)
    expect(code).toBe(1)
    expect(await cluster.kubectlOk(['get', 'nodes', '-o', 'name'])).toBe('node/node1\n')
    return stderr
  }

  it('says in one line that there is no Docker Engine', async () => {
    expect(await refusedToJoin(`unix://${cluster.folder}/nowhere.sock`)).toMatch(
      /^skiff: the Docker Engine can't be reached: connect ENOENT \S+nowhere\.sock: install Docker .*systemctl start docker\)\n$/,
    )
  })

  it('takes the Docker Engine that the environment names, unless a flag names another', async () => {
    const env = { DOCKER_HOST: `unix://${cluster.folder}/environment.sock` }
    const dataDir = ['--data-dir', join(cluster.folder, 'stranger')]
    const flag = ['--docker-host', `unix://${cluster.folder}/flag.sock`]
    const outcomes = await Promise.all([
      runSkiff(['agent', ...dataDir], env),
      runSkiff(['agent', ...dataDir, ...flag], env),
      runSkiff(['agent', ...dataDir, ...flag]),
    ])
    expect(outcomes.map(({ stderr }) => /(\w+)\.sock/.exec(stderr)?.[1])).toEqual(['environment', 'flag', 'flag'])
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at once by %s while its master does not answer, as a shell expects it', async (signal, code) => {
    await using silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const line = [
      '--join',
      `https://127.0.0.1:${port}`,
      '--token',
      'abcdef.0123456789abcdef',
      '--ca-hash',
      `sha256:${'0'.repeat(64)}`,
    ]
    const asked = once(silent, 'connection')
    const { child, outcome } = startSkiff(agentArgs(line))
    const [connection] = (await Promise.race([asked, outcome.then(({ stderr }) => Promise.reject(new Error(stderr)))])) as [
      Socket,
    ]
    child.kill(signal)
    expect(await outcome).toMatchObject({ code, stderr: `skiff: the start of the agent was interrupted (${signal})\n` })
    connection.destroy()
  })

  it('says in one line that the Docker Engine is too old', async () => {
    await using old = await FaultyDocker.start(join(cluster.folder, 'old.sock'), cluster.host(0).dockerHost)
    const version = { Version: '18.09.1', ApiVersion: '1.39', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64' }
    old.fault = ({ path }) => (path === '/version' ? { status: 200, body: version } : undefined)
    expect(await refusedToJoin(old.dockerHost)).toMatch(
      /^skiff: the Docker Engine is too old \(version 18\.09\.1, API 1\.39\): at least 20\.10 \(API 1\.41\) is needed, upgrade it\n$/,
    )
  })

  it('says in one line that the Docker Engine does not answer', async () => {
    await using hanging = await FaultyDocker.start(join(cluster.folder, 'hanging.sock'), cluster.host(0).dockerHost)
    hanging.fault = () => 'hang'
    expect(await refusedToJoin(hanging.dockerHost)).toMatch(/^skiff: the Docker Engine has not answered within 5 s: .*\n$/)
  })

  it('says in one line which programs are missing, and in which packages they are', async () => {
    const path = join(cluster.folder, 'programs')
    mkdirSync(path)
    for (const name of ['sh', 'readlink', 'dirname', 'uname', 'nsenter', 'iptables', 'conntrack'])
      symlinkSync((await run('which', [name])).trim(), join(path, name))
    expect(await refusedToJoin(cluster.host(0).dockerHost, { PATH: path })).toBe(
      `skiff: nft, ip are not found in PATH (${path}): become root by "su -" or sudo, so that PATH has /usr/sbin, or apt-get install nftables iproute2\n`,
    )
  })

  // Not even root may make a folder in either.
  it.each(['/sys/skiff', '/proc/skiff'])('says in one line that it can not keep its files in %s', async (dataDir) => {
    const outcomes = await Promise.all([
      runSkiff(['master', '--data-dir', dataDir, '--port', '16997', ...FREE_RANGES]),
      runSkiff(['agent', '--data-dir', dataDir]),
    ])
    for (const [index, who] of ['master', 'agent'].entries()) {
      expect(outcomes[index]?.code).toBe(1)
      const line = `^skiff: the ${who} can't keep its files in ${dataDir} \\(.*\\): run it as root, or .*--data-dir.*\n$`
      expect(outcomes[index]?.stderr).toMatch(new RegExp(line))
    }
  })

  it('says in one line that a token is wrong', async () => {
    const { SKIFF_CA_HASH = '' } = await cluster.joinEnvironment()
    const outcome = await runSkiff(
      agentArgs(['--join', cluster.server, '--token', 'abcdef.0123456789abcdef', '--ca-hash', SKIFF_CA_HASH]),
    )
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toMatch(/^skiff: .*token.*\n$/)
  })

  it('says in one line that the master is another one than the hash says', async () => {
    const { SKIFF_TOKEN = '' } = await cluster.joinEnvironment()
    const outcome = await runSkiff(
      agentArgs(['--join', cluster.server, '--token', SKIFF_TOKEN, '--ca-hash', `sha256:${'0'.repeat(64)}`]),
    )
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toMatch(/^skiff: .*hash.*\n$/)
  })

  it('says in one line that a range collides with this machine, and proposes a free one', async () => {
    const outcome = await runSkiff([
      'master',
      '--data-dir',
      `${cluster.folder}/other`,
      '--port',
      '16999',
      '--service-cidr',
      `${cluster.fabric.prefix}.0/24`,
    ])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toMatch(/^skiff: .*--service-cidr.*\n$/)
  })

  it('says in one line that a port is taken', async () => {
    const outcome = await runSkiff([
      'master',
      '--data-dir',
      `${cluster.folder}/other`,
      '--bind',
      cluster.fabric.gateway,
      '--port',
      String(cluster.port),
      '--service-cidr',
      '10.114.0.0/16',
      '--pod-cidr',
      '10.115.0.0/16',
    ])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toMatch(/^skiff: port \d+ is taken.*\n$/)
  })

  it('says in one line that another master has the data', async () => {
    const outcome = await runSkiff([
      'master',
      '--data-dir',
      `${cluster.folder}/master`,
      '--port',
      '16998',
      '--service-cidr',
      '10.112.0.0/16',
      '--pod-cidr',
      '10.113.0.0/16',
    ])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toMatch(/^skiff: .*skiff\.db is in use: another master runs on it; stop that one, or .*--data-dir\n$/)
    expect((await cluster.skiff('doctor', '--output', 'json')).stderr).not.toContain('want the same data')
  })

  it('knows a wrong command line from a failure', async () => {
    expect((await runSkiff(['master', '--no-such-flag'])).code).toBe(2)
    expect((await runSkiff(['up', '--agents', 'many'])).code).toBe(2)
  })
})

describe('a Docker daemon that hangs', () => {
  it('makes its node say so, doctor finds it, and what was asked of it is done when it goes on', async () => {
    const host = cluster.host(0)
    const readiness = async () => {
      const { status } = await cluster.client.get<Node>(NODES, { name: host.name })
      return findCondition(status?.conditions, 'Ready')
    }
    for (const name of ['leaving', 'dying']) await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(boundPod(name, host)))
    const [leaving, dying] = [await readyPod(cluster, 'leaving'), await readyPod(cluster, 'dying')]
    const pid = await host.docker('inspect', '-f', '{{.State.Pid}}', await containerOf(host, dying, 'hello'))
    {
      await using _ = await host.pauseDaemon()
      const said = await waitFor('the node says so', async () => {
        const ready = await readiness()
        return ready?.status === 'False' && ready.message
      })
      expect(said).toMatch(/^container runtime is down/)
      expect(await host.exec(['sh', '-c', `DOCKER_HOST=${host.dockerHost} ${cluster.program} doctor || true`])).toMatch(
        /^problem +docker engine +no Docker Engine answers at unix:.*start it/m,
      )
      await cluster.kubectlOk(['delete', 'pod', 'leaving', '--wait=false'])
      await cluster.kubectlOk(['apply', '-f', '-'], JSON.stringify(boundPod('coming', host)))
      await host.exec(['kill', '-9', pid.trim()])
    }
    await waitFor('it is ready again', async () => (await readiness())?.status === 'True')
    await readyPod(cluster, 'coming')
    await waitFor('what died meanwhile runs again', async () => {
      return (await readyPod(cluster, 'dying')).status?.containerStatuses?.[0]?.restartCount === 1
    })
    await waitFor('what was deleted meanwhile is gone', async () => !(await exists('pod', 'leaving')))
    expect(await runningContainers(host, leaving)).toEqual([])
    await cluster.kubectlOk(['delete', 'pod', 'coming', 'dying', '--timeout=120s'])
  })
})
