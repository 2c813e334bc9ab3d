/** The oldest and the newest kubectl do what was recorded at Kubernetes, command by command. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { type KubectlVersion, shellWith } from '../support/kubectl.ts'
import { type Answer, masked, type RecordedCommand, recordedCommands } from '../support/recorded-kubectl.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'
import { asHere, DIFFERENCES, type Difference } from './testdata/kubectl-differences.ts'

interface Recording {
  /** Of the kubectl that was recorded. */
  readonly version: '1.27' | '1.33'
  readonly kubectl: KubectlVersion
  readonly namespace: string
  /** The recording's name for the pod that stands first in the list. */
  readonly firstPod: string
}

const RECORDINGS: readonly Recording[] = [
  { version: '1.33', kubectl: 'v36', namespace: 't33', firstPod: 'web-6c95db48d8-kbtjj' },
  { version: '1.27', kubectl: 'v27', namespace: 't27', firstPod: 'web-6c95db48d8-fdf9v' },
]

/** What only looks may look again: the recorder looked at a cluster with another pace. */
const LOOKS = /kubectl (-n NS )?(get|describe|logs|events|top|drain .*--dry-run)\b/
const LOOK_AGAIN_MS = 60_000

/** As first process it doesn't hear of SIGTERM: some answers were recorded while its pods took their whole grace period to leave. */
const WEB_SERVER = ['CMD ["httpd", "-f", "-v", "-p", "80", "-h", "/www"]', 'ENV PATH=/bin']

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false, isPatient: true })
  const host = cluster.host(0)
  await importBusybox(host, 'web:1', { files: { 'www/index.html': 'ok\n' }, changes: WEB_SERVER })
  await importBusybox(host, 'web:2', { files: { 'www/index.html': 'two\n' }, changes: WEB_SERVER })
  await importBusybox(host, 'bb:1', { changes: ['CMD ["sh"]', 'ENV PATH=/bin'] })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function answerTo({ command, stdin }: RecordedCommand, recording: Recording): Promise<Answer> {
  const [host] = cluster.hosts
  const { kubectl, namespace, firstPod } = recording
  const line = command
    .replaceAll('-n NS', `-n ${namespace}`)
    // As long as the recorded cluster had is not enough for every machine.
    .replace(/((?:rollout status|delete|wait) .*--timeout=)\d+s/, '$1180s')
    .replaceAll(/(?<= |\/)n1\b/g, host?.name ?? '')
    .replaceAll(firstPod, command.includes(firstPod) ? await firstPodOf(namespace) : firstPod)
  return masked(await shellWith(cluster.kubeconfig, kubectl)(line, stdin), command)
}

async function firstPodOf(namespace: string): Promise<string> {
  const jsonpath = 'jsonpath={.items[0].metadata.name}'
  return await cluster.kubectlOk(['-n', namespace, 'get', 'pods', '-l', 'app=web', '-o', jsonpath])
}

function expectedOf({ n, command, rc, stdout, stderr }: RecordedCommand, { version }: Recording): Answer {
  const differences = DIFFERENCES.filter(({ commands, only = version }) => commands.includes(n) && only === version)
  return asHere(masked({ code: rc, stdout, stderr }, command), differences)
}

describe.each(RECORDINGS)('$kubectl answers as $version was recorded', (recording) => {
  it.each(recordedCommands(recording.version))('$n $command', async (recorded) => {
    const expected = expectedOf(recorded, recording)
    let answer = await answerTo(recorded, recording)
    if (LOOKS.test(recorded.command)) {
      await waitFor(
        'it looks alike',
        async () => {
          if (JSON.stringify(answer) === JSON.stringify(expected)) return true
          answer = await answerTo(recorded, recording)
          return false
        },
        LOOK_AGAIN_MS,
      ).catch(() => undefined)
    }
    expect(answer).toEqual(expected)
  })
})

describe('the list of differences', () => {
  const versions = (difference: Difference) => (difference.only === undefined ? (['1.27', '1.33'] as const) : [difference.only])

  it.each(DIFFERENCES)('says of $commands only what is so: $reason', (difference) => {
    for (const version of versions(difference)) {
      const recording = recordedCommands(version)
      for (const n of difference.commands) {
        const recorded = recording.find((each) => each.n === n)
        if (recorded === undefined) throw new Error(`there is no command ${n}`)
        const answer = masked({ code: recorded.rc, stdout: recorded.stdout, stderr: recorded.stderr }, recorded.command)
        expect(asHere(answer, [difference]), `${version}: ${n} ${recorded.command}`).not.toEqual(answer)
      }
    }
  })
})
