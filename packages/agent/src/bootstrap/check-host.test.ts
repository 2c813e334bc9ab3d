import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { CommandError, type HostCommands } from '../network/host-commands.ts'
import { FakeRuntime } from '../runtime/fake/fake-runtime.ts'
import { EngineUnavailableError, EngineUnfitError } from '../runtime/runtime.ts'
import { checkHost, type HostUnderCheck } from './check-host.ts'
import { JoinError } from './join-error.ts'
import { REQUIRED_PROGRAMS } from './required-programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-programs-'))
afterAll(() => rmSync(folder, { recursive: true }))

function pathWith(programs: readonly string[]): string {
  const path = mkdtempSync(join(folder, 'bin-'))
  for (const name of programs) {
    writeFileSync(join(path, name), '')
    chmodSync(join(path, name), 0o755)
  }
  return `/nowhere:${path}`
}

const ALL = Object.keys(REQUIRED_PROGRAMS)

/** A host that lacks nothing but what the test takes away. */
function host(changes: Partial<HostUnderCheck> = {}): HostUnderCheck {
  return { commands: answering(''), engine: new FakeRuntime(), hasJoined: false, path: pathWith(ALL), ...changes }
}

function answering(words: string): HostCommands {
  return {
    run: async (command) => {
      if (words === '') return ''
      throw new CommandError(command, words, { cause: undefined })
    },
    script: async () => '',
    hasLink: async () => true,
    lines: async function* () {},
    setSysctl: async () => {},
  }
}

const failing = (error: Error) => ({ info: () => Promise.reject(error) })

test('a host with everything may be a node', async () => {
  await expect(checkHost(host())).resolves.toBeUndefined()
})

test('programs that are missing are named, with where they were looked for', async () => {
  const path = pathWith(ALL.filter((name) => name !== 'ip' && name !== 'conntrack'))
  await expect(checkHost(host({ path }))).rejects.toThrow(JoinError)
  await expect(checkHost(host({ path }))).rejects.toThrow(`ip, conntrack are not found in PATH (${path}): `)
})

test('a kernel without nftables, or a user who may not use them, is told in one line', async () => {
  const words = 'netlink: Error: cache initialization failed: Operation not supported\nmore'
  const check = checkHost(host({ commands: answering(words) }))
  await expect(check).rejects.toThrow(
    'nft does not work on this host (netlink: Error: cache initialization failed: Operation not supported): run as root, on a kernel with nf_tables (modprobe nf_tables)',
  )
})

test('a host that never joined is told that its engine does not answer; one that has joined waits for it', async () => {
  const engine = failing(new EngineUnavailableError("the Docker Engine can't be reached: connect ENOENT /var/run/docker.sock"))
  await expect(checkHost(host({ engine }))).rejects.toThrow(/connect ENOENT .*: install Docker .*systemctl start docker/)
  await expect(checkHost(host({ engine, hasJoined: true }))).resolves.toBeUndefined()
})

test('an engine that will never do is refused whether the host has joined or not', async () => {
  const engine = failing(new EngineUnfitError('the Docker Engine is too old'))
  await expect(checkHost(host({ engine, hasJoined: true }))).rejects.toThrow(new JoinError('the Docker Engine is too old'))
})
