import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { shellWith } from '../support/kubectl.ts'
import { type Answer, masked, type RecordedCommand, recordedCommands } from '../support/recorded-kubectl.ts'
import { importBusybox } from '../support/test-image.ts'
import { waitFor } from '../support/wait-for.ts'
import { asHere, DIFFERENCES } from './testdata/kubectl-1.33-differences.ts'

const NAMESPACE = 't33'
/** The recording's name for the pod that stands first in the list. */
const FIRST_POD = 'web-6c95db48d8-kbtjj'
/** What only looks may look again: the recorder looked at a cluster with another pace. */
const LOOKS = /kubectl (-n NS )?(get|describe|logs|events|drain .*--dry-run)\b/
const LOOK_AGAIN_MS = 10_000

const WEB_SERVER = ['CMD ["httpd", "-f", "-v", "-p", "80", "-h", "/www"]', 'ENV PATH=/bin']
const RECORDED = recordedCommands('kubectl-1.33.jsonl')

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: 1, sampleImages: false })
  const host = cluster.host(0)
  await importBusybox(host, 'web:1', { files: { 'www/index.html': 'ok\n' }, changes: WEB_SERVER })
  await importBusybox(host, 'web:2', { files: { 'www/index.html': 'two\n' }, changes: WEB_SERVER })
  await importBusybox(host, 'bb:1', { changes: ['CMD ["sh"]', 'ENV PATH=/bin'] })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function answerTo({ command, stdin }: RecordedCommand): Promise<Answer> {
  const [host] = cluster.hosts
  const line = command
    .replaceAll('-n NS', `-n ${NAMESPACE}`)
    .replaceAll(/(?<= |\/)n1\b/g, host?.name ?? '')
    .replaceAll(FIRST_POD, await firstPod(command))
  return masked(await shellWith(cluster.kubeconfig)(line, stdin), command)
}

async function firstPod(command: string): Promise<string> {
  if (!command.includes(FIRST_POD)) return FIRST_POD
  const jsonpath = 'jsonpath={.items[0].metadata.name}'
  return await cluster.kubectlOk(['-n', NAMESPACE, 'get', 'pods', '-l', 'app=web', '-o', jsonpath])
}

function expectedOf({ n, command, rc, stdout, stderr }: RecordedCommand): Answer {
  const differences = DIFFERENCES.filter(({ commands }) => commands.includes(n))
  return asHere(masked({ code: rc, stdout, stderr }, command), differences)
}

describe('kubectl’s answers are those of Kubernetes', () => {
  it.each(RECORDED)('$n $command', async (recorded) => {
    const expected = expectedOf(recorded)
    let answer = await answerTo(recorded)
    if (LOOKS.test(recorded.command)) {
      await waitFor(
        'it looks alike',
        async () => {
          if (JSON.stringify(answer) === JSON.stringify(expected)) return true
          answer = await answerTo(recorded)
          return false
        },
        LOOK_AGAIN_MS,
      ).catch(() => undefined)
    }
    expect(answer).toEqual(expected)
  })
})

describe('the list of differences', () => {
  it.each(DIFFERENCES)('says of $commands only what is so: $reason', ({ commands, ...difference }) => {
    for (const n of commands) {
      const recorded = RECORDED.find((each) => each.n === n)
      if (recorded === undefined) throw new Error(`there is no command ${n}`)
      const answer = masked({ code: recorded.rc, stdout: recorded.stdout, stderr: recorded.stderr }, recorded.command)
      expect(asHere(answer, [{ commands, ...difference }]), `${n} ${recorded.command}`).not.toEqual(answer)
    }
  })
})
