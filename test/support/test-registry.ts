/** A real registry on the machine's own address in a test fabric; its daemons must be told that it speaks plain HTTP. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import type { TestFabric } from './test-host.ts'

export interface TestRegistry extends AsyncDisposable {
  /** `10.1.2.1:5000`: how its images' names begin. */
  readonly address: string
  stop(): Promise<void>
}

/** What a host's daemon needs in order to use the registry of its fabric. */
export function insecureRegistryArgs({ fabric }: TestFabric): string[] {
  return ['--insecure-registry', `${fabric.prefix}.0/24`]
}

/** Who may log in where `login` is asked for: `ann` and `bob`, both with this password. */
export const REGISTRY_PASSWORD = 'secret'
const USERS = ['ann', 'bob'].map((name) => `${name}:$2b$04$d5gg2C5guUI05hhHJY0u5u/omhfQWSkt85gMmkY6rzgexqlfZEANi\n`).join('')

export async function startRegistry({ fabric }: TestFabric, { login = false } = {}): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'skt-registry-'))
  const address = `${fabric.gateway}:${await freePort()}`
  writeFileSync(join(folder, 'users'), USERS)
  const config = {
    version: 0.1,
    ...(login ? { auth: { htpasswd: { realm: 'test', path: join(folder, 'users') } } } : {}),
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: address },
    log: { level: 'error' },
  }
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  while (!(await answers(address))) {
    if (child.exitCode !== null) throw new Error('the registry did not start')
    await sleep(20)
  }
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  return {
    address,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(address: string): Promise<boolean> {
  return fetch(`http://${address}/v2/`).then(
    ({ status }) => status === 200 || status === 401,
    () => false,
  )
}
