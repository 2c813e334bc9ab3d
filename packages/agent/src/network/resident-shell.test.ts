import { expect, test } from 'vitest'
import { CommandError, hostCommands } from './host-commands.ts'
import { ResidentShell } from './resident-shell.ts'

test('runs scripts one after the other in one shell, and gives what each wrote', async () => {
  const shell = new ResidentShell()
  const answers = await Promise.all([shell.run('echo $$; exit_code=7'), shell.run('echo $$'), shell.run("cat <<'E'\nzwölf\n\nE")])
  expect(answers[0]?.output).toBe(answers[1]?.output)
  expect(answers[2]).toEqual({ exitCode: 0, output: 'zwölf' })
})

test('a failing script gives its exit code and its words, and leaves the shell as it was', async () => {
  const shell = new ResidentShell()
  expect(await shell.run('echo bad >&2; exit 3')).toEqual({ exitCode: 3, output: 'bad' })
  expect(await shell.run('true')).toEqual({ exitCode: 0, output: '' })
})

test('a shell that was killed fails the script that it ran, and the next one has another', async () => {
  const shell = new ResidentShell()
  await expect(shell.run('kill -9 $$')).rejects.toThrow('ended')
  expect(await shell.run('echo again')).toEqual({ exitCode: 0, output: 'again' })
})

test('a program that is missing is an error that names it', async () => {
  const failed = hostCommands().script('no-such-program -x')
  await expect(failed).rejects.toThrow(CommandError)
  await expect(failed).rejects.toThrow(/no-such-program.*not found/)
})
