import { checksText, runChecks } from '../doctor/checks.ts'
import { readMachine } from '../doctor/read-machine.ts'

interface DoctorOptions {
  readonly home: string
  readonly output: string
}

/** One line a check; ends with 1 when one of them found a problem. */
export async function doctor({ home, output }: DoctorOptions): Promise<void> {
  const checks = runChecks(await readMachine(home, new Date()))
  process.stdout.write(
    output === 'json' ? `${JSON.stringify({ ok: checks.every(({ ok }) => ok), checks }, null, 2)}\n` : checksText(checks),
  )
  if (checks.some(({ ok }) => !ok)) process.exitCode = 1
}
