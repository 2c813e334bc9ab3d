/** The text of a systemd unit that keeps a component running across crashes and reboots. Pure. */
import { dirname, join } from 'node:path'

export type Component = 'master' | 'agent'

export interface ServiceOptions {
  readonly component: Component
  /** State is kept here; also how `down --purge` knows which units are this cluster's. */
  readonly home: string
  /** The program and its arguments, without secrets. */
  readonly command: readonly string[]
  /** May be missing: it holds the join token, which only the first start needs. Beside it the agent keeps its certificate. */
  readonly environmentFile?: string
}

export const unitName = (component: Component): string => `skiff-${component}.service`

export const homeMark = (home: string): string => `# Of the cluster whose state is in ${home}`

const DESCRIPTIONS: Readonly<Record<Component, string>> = {
  master: 'Skiff master: API server, scheduler and controllers',
  agent: 'Skiff agent: runs the pods of this host on its Docker Engine',
}

export function systemdUnit({ component, home, command, environmentFile }: ServiceOptions): string {
  // Not Requires=: a restart of Docker must not take the agent down, which waits for it by itself.
  const before = component === 'agent' ? 'network-online.target docker.service' : 'network-online.target'
  return `${homeMark(home)}. Written by "skiff ${component} --install-service", removed by "skiff down --purge".
[Unit]
Description=${DESCRIPTIONS[component]}
Documentation=https://kubernetes.io/docs/
Wants=${before}
After=${before}
StartLimitIntervalSec=0
${environmentFile === undefined ? '' : startConditions(environmentFile)}
[Service]
ExecStart=${command.map(quoted).join(' ')}
${environmentFile === undefined ? '' : `EnvironmentFile=-${escapeSpecifiers(environmentFile)}\n`}Restart=always
RestartSec=2
SuccessExitStatus=143
${killMode(component)}TimeoutStopSec=45
LimitNOFILE=1048576
TasksMax=infinity
OOMScoreAdjust=-900

[Install]
WantedBy=multi-user.target
`
}

/**
 * With neither a certificate nor a join token there is no cluster to be part of: so it is once the node was deleted and its
 * agent has cleaned up, and systemd then leaves it at that. Joining again brings one of them back. `|`: one is enough.
 */
function startConditions(environmentFile: string): string {
  const files = [join(dirname(environmentFile), 'client.crt'), environmentFile]
  return files.map((file) => `ConditionPathExists=|${escapeSpecifiers(file)}\n`).join('')
}

/**
 * Pods' containers are Docker's children, in control groups of their own: stopping the agent never touches them. In the
 * agent's own group is its proxy. `mixed` tells only the agent to stop, which then stops the proxy in its turn, and
 * leaves nothing behind that would meet the next agent's.
 */
function killMode(component: Component): string {
  return component === 'agent' ? 'KillMode=mixed\n' : ''
}

/** systemd's own quoting (systemd.service(5), "Command lines"): not a shell's. */
function quoted(argument: string): string {
  const escaped = escapeSpecifiers(argument).replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, '\\$&')}"`
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll('%', '%%')
}

/** What an EnvironmentFile says (systemd.exec(5)): one assignment a line. */
export function environmentFileText(variables: Readonly<Record<string, string | undefined>>): string {
  const lines = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"\n`],
  )
  return lines.join('')
}
