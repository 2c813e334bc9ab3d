import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hostCredentials } from './host-credentials.ts'
import { parseReference } from './reference.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
let home: string
let warnings: string[]

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'docker-config-'))
  mkdirSync(join(home, '.docker'))
  warnings = []
})
afterEach(() => rmSync(home, { recursive: true }))

test('what "docker login" wrote is found for the image’s registry only, and again after each change', async () => {
  writeConfig({
    auths: {
      'https://index.docker.io/v1/': { auth: base64('ann:with:colons') },
      'registry.example.com': { username: 'bob', password: 'secret' },
      'tokens.example.com': { auth: base64('00000000:'), identitytoken: 'refresh' },
      'kept.elsewhere.com': {},
    },
  })
  expect(await of('nginx')).toEqual([{ registry: 'https://index.docker.io/v1/', username: 'ann', password: 'with:colons' }])
  expect(await of('registry.example.com/app')).toMatchObject([{ username: 'bob', password: 'secret' }])
  expect(await of('tokens.example.com/app')).toMatchObject([{ password: '', identityToken: 'refresh' }])
  expect(await of('kept.elsewhere.com/app')).toEqual([])
  expect(await of('other.example.com/app')).toEqual([])

  writeConfig({ auths: {} })
  expect(await of('nginx')).toEqual([])
  expect(warnings).toEqual([])
})

test('DOCKER_CONFIG names the folder', async () => {
  const folder = join(home, 'elsewhere')
  mkdirSync(folder)
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { 'docker.io': { username: 'ann', password: 'x' } } }))
  expect(await of('nginx', { env: { DOCKER_CONFIG: folder } })).toMatchObject([{ username: 'ann' }])
})

test('a registry’s own helper is asked rather than the store, in the way that docker asks', async () => {
  writeConfig({ credHelpers: { 'registry.example.com': 'own' }, credsStore: 'store' })
  writeHelper('own', `read server; echo "{\\"Username\\":\\"$1 $server\\",\\"Secret\\":\\"own\\"}"`)
  writeHelper('store', `read server; echo "{\\"Username\\":\\"$1 $server\\",\\"Secret\\":\\"store\\"}"`)
  expect(await of('registry.example.com/app')).toEqual([
    { registry: 'registry.example.com', username: 'get registry.example.com', password: 'own' },
  ])
  expect(await of('nginx')).toEqual([
    { registry: 'https://index.docker.io/v1/', username: 'get https://index.docker.io/v1/', password: 'store' },
  ])
})

test('a helper may give an identity token', async () => {
  writeConfig({ credsStore: 'store' })
  writeHelper('store', `echo '{"Username":"<token>","Secret":"refresh"}'`)
  expect(await of('nginx')).toMatchObject([{ username: '', password: '', identityToken: 'refresh' }])
})

test('a helper that has none is nothing to warn of', async () => {
  writeConfig({ credsStore: 'store' })
  writeHelper('store', 'echo "credentials not found in native keychain"; exit 1')
  expect(await of('nginx')).toEqual([])
  expect(warnings).toEqual([])
})

test.for([
  ['is missing', undefined, 'ENOENT'],
  ['fails', 'echo "the keyring is locked"; exit 1', 'the keyring is locked'],
  ['hangs', 'exec sleep 60', 'has not answered within 0.1 s'],
  ['talks nonsense', 'echo "Secret=hunter2"', 'the answer is not JSON'],
] as const)('a helper that %s costs one line, and its own credentials only', async ([, script, complaint]) => {
  writeConfig({ credsStore: 'store', auths: { 'docker.io': { username: 'ann', password: 'x' } } })
  if (script !== undefined) writeHelper('store', script)
  const helperTimeoutMs = script?.startsWith('exec sleep') ? 100 : 10_000
  expect(await of('nginx', { helperTimeoutMs })).toMatchObject([{ username: 'ann' }])
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(complaint)
  expect(warnings[0]).not.toContain('hunter2')
})

test('no configuration is fine; a broken one costs one line, which does not quote it', async () => {
  expect(await of('nginx')).toEqual([])
  expect(warnings).toEqual([])
  writeFileSync(join(home, '.docker', 'config.json'), '{"auths": hunter2')
  expect(await of('nginx')).toEqual([])
  expect(warnings).toEqual(['it is not JSON'])
})

function of(image: string, { env, helperTimeoutMs }: { env?: NodeJS.ProcessEnv; helperTimeoutMs?: number } = {}) {
  const quiet = () => undefined
  const warn = ({ err }: { err: Error }) => warnings.push(err.message)
  const logger = { debug: quiet, info: quiet, warn, error: quiet } as Parameters<typeof hostCredentials>[1]['logger']
  return hostCredentials(parseReference(image), {
    env: { HOME: home, PATH: `${home}:${process.env.PATH}`, ...env },
    logger,
    ...(helperTimeoutMs === undefined ? {} : { helperTimeoutMs }),
  })
}

function writeConfig(config: object): void {
  writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify(config))
}

function writeHelper(name: string, script: string): void {
  writeFileSync(join(home, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}
