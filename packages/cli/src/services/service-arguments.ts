import { resolve } from 'node:path'
import { dockerHostArguments } from '../docker-api.ts'

/** Never part of a service's command line: everybody may read that. */
const SECRETS: ReadonlySet<string> = new Set(['--token', '--ca-hash'])
const OWN_FLAG = '--install-service'
/** Paths are relative to where the command was typed; a service runs elsewhere. */
const PATHS: ReadonlySet<string> = new Set(['--config', '--data-dir', '--home'])

/** The arguments that a service is started with: those that were typed, without secrets, with whole paths, and always with the home. */
export function serviceArguments(typed: readonly string[], home: string, cwd: string): string[] {
  const kept: string[] = []
  const rest = [...typed]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === OWN_FLAG) continue
    const [flag = '', inline] = splitFlag(argument)
    const takesNext = inline === undefined && (SECRETS.has(flag) || PATHS.has(flag))
    const value = takesNext ? rest.shift() : inline
    if (SECRETS.has(flag) || flag === '--home') continue
    if (PATHS.has(flag) && value !== undefined) kept.push(flag, resolve(cwd, value))
    else kept.push(argument)
  }
  return ['--home', resolve(cwd, home), ...kept]
}

/** The Docker daemon that is meant here: a service has not got this environment. */
export function withDockerHost(typed: readonly string[], env: NodeJS.ProcessEnv): readonly string[] {
  return typed.some((argument) => splitFlag(argument)[0] === '--docker-host') ? typed : [...typed, ...dockerHostArguments(env)]
}

function splitFlag(argument: string): readonly [string, string?] {
  const equals = argument.startsWith('--') ? argument.indexOf('=') : -1
  return equals < 0 ? [argument] : [argument.slice(0, equals), argument.slice(equals + 1)]
}
