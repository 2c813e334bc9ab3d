/** `skiff`: parses the command line and hands over. Each command's code is loaded only when it runs. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { describeFailure, InterruptedError, UsageError } from './failure.ts'
import { skiffHome } from './home.ts'
import { leaveOutHttpWebSocket } from './lean-http.ts'
import { parseDuration } from './parse-duration.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

leaveOutHttpWebSocket()

const program = new Command('skiff')
  .description('Kubernetes manifests on plain Docker hosts')
  .version('0.1.0')
  .option('--home <dir>', 'where state is kept', skiffHome())
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`skiff: ${text.replace(/^error: /, '')}`) })

program
  .command('up')
  .description('start a master and agents on this machine, in the background')
  .option(
    '--agents <n>',
    'how many nodes; those after the first get a Docker daemon and a network namespace of their own',
    positiveInteger,
    1,
  )
  .option('--no-merge', 'leave ~/.kube/config alone')
  .option('--port <port>', 'the API server’s port', port, 6443)
  .option('--service-cidr <cidr>', 'addresses of Services', '10.96.0.0/16')
  .option('--pod-cidr <cidr>', 'addresses of pods', '10.244.0.0/16')
  .action(async (options) => (await import('./commands/up.ts')).up({ home: home(), ...options }))

program
  .command('down')
  .description('stop what `up` started')
  .option('--purge', 'also remove the pods’ containers, networks, rules and all data')
  .action(async (options) => (await import('./commands/down.ts')).down({ home: home(), purge: options.purge === true }))

program
  .command('status')
  .description('what runs, and at which addresses it is reached')
  .addOption(outputOption())
  .action(async (options) => (await import('./commands/status.ts')).status({ home: home(), output: options.output }))

program
  .command('why <resource> [name]')
  .description('why an object is not as it should be, and what to do')
  .option('-n, --namespace <namespace>', '', 'default')
  .addOption(outputOption())
  .action(async (resource, name, options) =>
    (await import('./commands/why.ts')).why({ home: home(), resource, name, ...options }),
  )

program
  .command('doctor')
  .description('check this machine: engine, programs, kernel, ports, ranges, files, clock, cluster')
  .addOption(outputOption())
  .action(async (options) => (await import('./commands/doctor.ts')).doctor({ home: home(), ...options }))

program
  .command('master')
  .description('a master in the foreground')
  .option('--data-dir <dir>', 'the master’s own directory')
  .option('--bind <address>', 'the address it listens on', '0.0.0.0')
  .option('--advertise-address <address>', 'the address under which others reach it')
  .option('--port <port>', 'HTTPS port', port, 6443)
  .option('--store <store>', 'sqlite', 'sqlite')
  .option('--service-cidr <cidr>', 'addresses of Services', '10.96.0.0/16')
  .option('--pod-cidr <cidr>', 'addresses of pods', '10.244.0.0/16')
  .option('--default-toleration-seconds <s>', 'how long pods stay on a node that is away', positiveInteger, 5)
  .option('--pod-security-default <level>', 'warn, baseline or privileged, for namespaces without labels', 'warn')
  .option('--insecure-http <port>', 'a plain port for health checks only', port)
  .option('--install-service', 'instead of running here: a service of systemd, now and after each boot')
  .action(async ({ installService, ...options }) =>
    installService ? install('master', options) : (await import('./commands/master.ts')).master({ home: home(), ...options }),
  )

program
  .command('agent')
  .description('an agent in the foreground: makes this host a node')
  .addOption(new Option('--join <url>', 'the master, https://ADDRESS:6443 (needed until the first join)').env('SKIFF_JOIN'))
  .addOption(new Option('--token <token>', 'a join token, ID.SECRET (needed until the first join)').env('SKIFF_TOKEN'))
  .addOption(new Option('--ca-hash <hash>', 'the master’s CA, sha256:HEX (needed until the first join)').env('SKIFF_CA_HASH'))
  .option('--node-name <name>', 'default: this host’s name')
  .option('--node-ip <address>', 'default: the address towards the master')
  .option('--docker-host <url>', 'the Docker daemon; default: $DOCKER_HOST, or unix:///var/run/docker.sock')
  .option('--data-dir <dir>', 'the agent’s own directory')
  .option('--labels <labels>', 'labels of the node, a=b,c=d', labels, {})
  .option('--max-pods <n>', 'how many pods fit', positiveInteger, 110)
  .option('--config <file>', 'settings of the node (docs/node-settings.md); default: config.yaml in the data directory')
  .option('--eviction-hard <thresholds>', 'pods end below these, memory.available<100Mi,nodefs.available<5%', thresholds)
  .option('--system-reserved <amounts>', 'what the host keeps for itself, cpu=500m,memory=1Gi', labels)
  .option('--kube-reserved <amounts>', 'what Skiff keeps for itself, cpu=100m,memory=200Mi', labels)
  .option('--port <port>', 'the agent’s own HTTPS port', port, 10250)
  .option('--install-service', 'instead of running here: a service of systemd, now and after each boot')
  .action(async ({ installService, ...options }) =>
    installService ? install('agent', options) : (await import('./commands/agent.ts')).agent({ home: home(), ...options }),
  )

program
  .command('proxy', { hidden: true })
  .description('the Service network of this host (started by the agent)')
  .requiredOption('--kubeconfig <file>')
  .requiredOption('--node-name <name>')
  .requiredOption('--cluster-id <id>')
  .requiredOption('--checkpoint-directory <path>')
  .option('--service-cidr <cidr>', '', '10.96.0.0/16')
  .option('--cluster-domain <domain>', '', 'cluster.local')
  .option('--dns-address <address>', '', '10.96.0.10')
  .action(async (options) => (await import('./commands/proxy.ts')).proxy(options))

program
  .command('purge-agent', { hidden: true })
  .description('take away what an agent left here (done by `down --purge`, in a container where that isn’t root)')
  .requiredOption('--docker-host <url>')
  .action(async (options) => void (await (await import('./up/purge-agent.ts')).purgeAgentAndProxy(home(), options.dockerHost)))

program
  .command('token')
  .description('tokens for hosts and people')
  .command('create')
  .description('print the line that joins another host')
  .option('--ttl <duration>', 'how long it is good for, such as 24h', duration, '24h')
  .option('--admin', 'a bearer token for curl or a kubeconfig on another machine')
  .action(async (options) =>
    (await import('./commands/token.ts')).createToken({ home: home(), ttl: options.ttl, admin: options.admin === true }),
  )

program
  .command('apply')
  .description('make the cluster look like a manifest')
  .requiredOption('-f, --filename <file>', 'a manifest; - reads standard input')
  .option('-n, --namespace <namespace>', 'for objects that name none')
  .option('--force-conflicts', 'take over the fields that others have set', false)
  .addOption(outputOption())
  .action(async (options) => (await import('./commands/apply.ts')).apply({ home: home(), ...options }))

program
  .command('get <resource> [name]')
  .description('print objects as a table')
  .option('-n, --namespace <namespace>', '', 'default')
  .option('-A, --all-namespaces', 'of every namespace')
  .option('-l, --selector <labels>', 'only those with these labels, a=b,c')
  .addOption(new Option('-o, --output <format>', 'how to print them').choices(['wide', 'json', 'yaml']))
  .action(async (resource, name, options) =>
    (await import('./commands/get.ts')).get({ home: home(), resource, name, ...options }),
  )

program
  .command('delete <resource> [name]')
  .description('delete an object')
  .option('-n, --namespace <namespace>', '', 'default')
  .action(async (resource, name, options) =>
    (await import('./commands/delete.ts')).deleteObject({ home: home(), resource, name, ...options }),
  )

program
  .command('logs <pod>')
  .description('print what a pod’s container says')
  .option('-n, --namespace <namespace>', '', 'default')
  .option('-c, --container <container>')
  .option('-f, --follow', 'go on as it says more')
  .option('-p, --previous', 'of the container before its last restart')
  .option('--deleted', 'of the pod of that name that was deleted last: nodes keep its log for a day')
  .action(async (pod, options) => (await import('./commands/logs.ts')).logs({ home: home(), pod, ...options }))

async function install(
  component: 'master' | 'agent',
  options: { dataDir?: string; join?: string; token?: string; caHash?: string },
): Promise<void> {
  const { installComponent } = await import('./commands/install-service.ts')
  await installComponent({ home: home(), component, typed: process.argv.slice(2), ...options })
}

function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text')
}

function home(): string {
  return program.opts<{ home: string }>().home
}

function positiveInteger(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number of at least 1.')
  return value
}

function port(text: string): number {
  const value = positiveInteger(text)
  if (value > 65_535) throw new InvalidArgumentError('A port is at most 65535.')
  return value
}

function duration(text: string): string {
  try {
    parseDuration(text)
    return text
  } catch (error) {
    throw new InvalidArgumentError(`${describeFailure(error)}.`)
  }
}

function thresholds(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((one) => {
      const [signal = '', least] = one.split('<')
      if (least === undefined) throw new InvalidArgumentError(`"${one}" is not a threshold such as memory.available<100Mi`)
      return [signal, least]
    }),
  )
}

function labels(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [key, value, ...rest] = pair.split('=')
      if (!key || value === undefined || rest.length > 0) throw new InvalidArgumentError('Labels are written a=b,c=d.')
      return [key, value]
    }),
  )
}

// Whoever reads our output may stop early: `skiff get pods | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
  } else {
    process.stderr.write(`skiff: ${describeFailure(error)}\n`)
    // What was interrupted may be waiting for somebody who is silent.
    if (error instanceof InterruptedError) process.exit(error.exitCode)
    process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
  }
}
