import { CommandError, type HostCommands } from './host-commands.ts'

type Scripts = Pick<HostCommands, 'script'>

/**
 * A routed pair of links, no bridge: the pod reaches everything by a gateway address that exists nowhere, with a fixed
 * neighbour entry (answering ARP by proxy would hold up the first packet), and the host has a route for the pod's one
 * address. So pods can't spoof each other, and Services between pods of one host need no bridge filtering.
 */
export interface Plumbing {
  readonly link: string
  /** Process in the pod's network namespace. */
  readonly pid: number
  readonly ip: string
  /** Source of what this host itself sends to the pod. */
  readonly nodeAddress: string
  readonly comment: string
}

const GATEWAY = '169.254.1.1'
/** The host's end of every pair; only its own pod sees it. */
const HOST_MAC = 'ee:ee:ee:ee:ee:ee'

/** Idempotent: a pair that is there, in whatever state, ends up as it should be. */
export async function plumbPod(commands: Scripts, plumbing: Plumbing): Promise<void> {
  const { link, pid } = plumbing
  const connect = () => commands.script(plumbingScript(pid, [...newLink(plumbing), ...hostLines(plumbing)], podLines(plumbing)))
  try {
    await connect()
  } catch (error) {
    if (!isExisting(error)) throw error
    if (await hasLink(commands, pid)) {
      await commands.script(plumbingScript(pid, hostLines(plumbing), podLines(plumbing)))
      return
    }
    // A dead sandbox's pair, or half of one.
    await removeLink(commands, link)
    await connect()
  }
}

export async function removeLink(commands: Scripts, link: string): Promise<void> {
  await commands.script(`ip link del ${link}`).catch((error: unknown) => {
    if (!(error instanceof CommandError) || !/Cannot find device/.test(error.words)) throw error
  })
}

/** What is to be done on the host, and then in the pod's network. */
function plumbingScript(pid: number, onHost: readonly string[], inPod: readonly string[]): string {
  const commands = `ip -batch - <<'HOST' && nsenter -t ${pid} -n ip -batch - <<'POD'`
  return [commands, ...onHost, 'HOST', ...inPod, 'POD'].join('\n')
}

function newLink({ link, pid }: Plumbing): readonly string[] {
  return [`link add ${link} address ${HOST_MAC} type veth peer name eth0 netns ${pid}`]
}

function hostLines({ link, ip, nodeAddress, comment }: Plumbing): readonly string[] {
  return [`link set ${link} alias "${comment}"`, `link set ${link} up`, `route replace ${ip}/32 dev ${link} src ${nodeAddress}`]
}

function podLines({ ip }: Plumbing): readonly string[] {
  return [
    'link set lo up',
    `addr replace ${ip}/32 dev eth0`,
    'link set eth0 up',
    `route replace ${GATEWAY} dev eth0 scope link`,
    `route replace default via ${GATEWAY} dev eth0`,
    `neigh replace ${GATEWAY} lladdr ${HOST_MAC} dev eth0 nud permanent`,
  ]
}

async function hasLink(commands: Scripts, pid: number): Promise<boolean> {
  return commands.script(`nsenter -t ${pid} -n ip link show eth0`).then(
    () => true,
    () => false,
  )
}

function isExisting(error: unknown): boolean {
  return error instanceof CommandError && /File exists/.test(error.words)
}
