/** Makes a component a service of systemd, and takes it away again. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../hosts/index.ts'
import { type Component, environmentFileText, homeMark, systemdUnit, unitName } from './systemd-unit.ts'

const UNIT_DIRECTORY = '/etc/systemd/system'
/** sd_booted(3): it is there exactly when systemd is the machine's init. */
const SYSTEMD_RUNS = '/run/systemd/system'

export interface InstallOptions {
  readonly component: Component
  readonly home: string
  readonly command: readonly string[]
  /** What only the first start needs, in a file of its own that only root may read. */
  readonly environment?: { readonly file: string; readonly variables: Readonly<Record<string, string | undefined>> }
}

/** Writes the unit and, where systemd runs, starts it now and at each boot. Gives the lines that say what was done. */
export async function installService({ component, home, command, environment }: InstallOptions): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) throw new Error('installing a service needs root: run it with sudo')
  const unit = unitName(component)
  const file = join(UNIT_DIRECTORY, unit)
  if (environment) writeEnvironment(environment)
  mkdirSync(UNIT_DIRECTORY, { recursive: true })
  const environmentFile = environment === undefined ? {} : { environmentFile: environment.file }
  writeFileSync(file, systemdUnit({ component, home, command, ...environmentFile }), { mode: 0o644 })
  if (!systemdRuns()) {
    return [
      `${file} is written; systemd does not run here. Where it does: systemctl daemon-reload && systemctl enable --now ${unit}`,
    ]
  }
  await run('systemctl', ['daemon-reload'])
  await run('systemctl', ['enable', unit])
  // Also when it ran already: with the arguments of now.
  await run('systemctl', ['restart', unit])
  return [`${unit} runs, now and after each boot. Its log: journalctl -u ${unit}`]
}

export interface UnitPlace {
  readonly directory: string
  readonly systemdRuns: boolean
}

export const systemdRuns = (): boolean => existsSync(SYSTEMD_RUNS)

const thisMachine = (): UnitPlace => ({ directory: UNIT_DIRECTORY, systemdRuns: systemdRuns() })

/** Stops and removes this home's services; gives the names of those that were there. */
export async function removeServices(home: string, place = thisMachine()): Promise<readonly string[]> {
  const { directory } = place
  const units = (['agent', 'master'] as const).map(unitName).filter((unit) => isOf(home, join(directory, unit)))
  for (const unit of units) {
    if (place.systemdRuns) await run('systemctl', ['disable', '--now', unit])
    rmSync(join(directory, unit))
  }
  if (units.length > 0 && place.systemdRuns) await run('systemctl', ['daemon-reload'])
  return units
}

function isOf(home: string, unitFile: string): boolean {
  return existsSync(unitFile) && readFileSync(unitFile, 'utf8').startsWith(`${homeMark(home)}.`)
}

function writeEnvironment({ file, variables }: NonNullable<InstallOptions['environment']>): void {
  const text = environmentFileText(variables)
  if (text === '') return
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  rmSync(file, { force: true })
  writeFileSync(file, text, { mode: 0o600 })
}
