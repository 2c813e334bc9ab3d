import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { agentDirectory } from '../home.ts'
import { installService, systemdRuns } from '../services/install-service.ts'
import { serviceArguments, withDockerHost } from '../services/service-arguments.ts'
import type { Component } from '../services/systemd-unit.ts'
import { machineProcesses, SKIFF } from '../up/machine.ts'
import { masterIsReady } from '../up/master-is-ready.ts'
import { waitUntil } from '../up/wait-until.ts'

const MASTER_TIMEOUT_MS = 30_000

interface InstallServiceOptions {
  readonly home: string
  readonly component: Component
  /** What was typed behind `skiff`. */
  readonly typed: readonly string[]
  readonly dataDir?: string
  readonly join?: string
  readonly token?: string
  readonly caHash?: string
}

/** `--install-service` of `master` and `agent`: instead of running in the foreground, systemd runs it. */
export async function installComponent({
  home,
  component,
  typed,
  dataDir,
  join: server,
  token,
  caHash,
}: InstallServiceOptions): Promise<void> {
  if (machineProcesses(home).isRunning(component))
    throw new Error(`"skiff up" runs the ${component} already: stop it with "skiff down" first`)
  const directory = dataDir ?? agentDirectory(home)
  const joined = existsSync(join(directory, 'client.crt'))
  if (component === 'agent' && !joined && !(server && token && caHash)) {
    throw new Error(
      'this host has not joined a cluster yet: give --join, --token and --ca-hash, as "skiff token create" on the master’s machine prints them',
    )
  }
  const environment = {
    file: join(directory, 'join.env'),
    variables: { SKIFF_JOIN: server, SKIFF_TOKEN: token, SKIFF_CA_HASH: caHash },
  }
  const meant = component === 'agent' ? withDockerHost(typed, process.env) : typed
  const command = [SKIFF, ...serviceArguments(meant, home, process.cwd())]
  const lines = await installService({ component, home, command, ...(component === 'agent' ? { environment } : {}) })
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  if (component === 'master' && dataDir === undefined && systemdRuns()) await masterServes(home)
}

/** The next thing that one types is "skiff token create", which needs it. A service that is slow to start goes on starting. */
async function masterServes(home: string): Promise<void> {
  const what = 'the master serves'
  await waitUntil(() => masterIsReady(home), { what, timeoutMs: MASTER_TIMEOUT_MS }).then(
    () => process.stdout.write(`${what}: "skiff token create" prints the line that joins a machine\n`),
    () => process.stdout.write('the master does not serve yet: see its log\n'),
  )
}
