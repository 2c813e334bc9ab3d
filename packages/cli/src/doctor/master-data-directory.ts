import { resolve } from 'node:path'
import { masterDirectory } from '../home.ts'

/** Where a process with this command line keeps a master's data; undefined: it is no master (pure). */
export function masterDataDirectory(
  args: readonly string[],
  { cwd, home }: { readonly cwd: string; readonly home: string },
): string | undefined {
  const program = args.findIndex((arg) => /\/packages\/cli\/dist\/.*\bmain\.js$/.test(arg))
  const own = args.slice(program + 1)
  if (program < 0 || commandOf(own) !== 'master' || own.includes('--install-service')) return undefined
  const dataDir = optionOf(own, '--data-dir')
  if (dataDir !== undefined) return resolve(cwd, dataDir)
  return masterDirectory(resolve(cwd, optionOf(own, '--home') ?? home))
}

/** Only `--home` may stand before it. */
function commandOf(args: readonly string[]): string | undefined {
  if (args[0] === '--home') return args[2]
  return args[0]?.startsWith('--home=') ? args[1] : args[0]
}

function optionOf(args: readonly string[], flag: string): string | undefined {
  const inline = args.find((arg) => arg.startsWith(`${flag}=`))
  if (inline !== undefined) return inline.slice(flag.length + 1)
  const at = args.indexOf(flag)
  return at < 0 ? undefined : args[at + 1]
}
