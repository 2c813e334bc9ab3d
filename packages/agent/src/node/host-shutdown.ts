import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'

/** Whether the whole host goes down, as far as its systemd says so: then whoever stops the agent means its pods too. */
export async function hostGoesDown(): Promise<boolean> {
  const hasSystemd = await access('/run/systemd/system').then(
    () => true,
    () => false,
  )
  return hasSystemd && (await systemState()) === 'stopping'
}

/** The state stands on standard output whatever the exit code is. */
async function systemState(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  execFile('systemctl', ['is-system-running'], (_, stdout) => resolve(stdout.trim()))
  return await promise
}
