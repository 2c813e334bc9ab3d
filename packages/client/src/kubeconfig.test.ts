import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadKubeconfig } from './kubeconfig.ts'

const directory = mkdtempSync(join(tmpdir(), 'skiff-kubeconfig-'))
afterAll(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'config')
const base64 = (text: string) => Buffer.from(text).toString('base64')

const CONFIG = `
apiVersion: v1
kind: Config
current-context: skiff
contexts:
- {name: skiff, context: {cluster: local, user: admin}}
- {name: other, context: {cluster: far, user: robot}}
- {name: broken, context: {cluster: nowhere, user: robot}}
clusters:
- {name: local, cluster: {server: "https://10.0.0.1:6443", certificate-authority-data: ${base64('the ca')}}}
- {name: far, cluster: {server: "https://far:6443", certificate-authority: ca.crt}}
users:
- {name: admin, user: {client-certificate-data: ${base64('the cert')}, client-key-data: ${base64('the key')}}}
- {name: robot, user: {tokenFile: token}}
`

describe('kubeconfig', () => {
  writeFileSync(path, CONFIG)
  writeFileSync(join(directory, 'ca.crt'), 'far ca')

  it('gives the server and credentials of the current context', () => {
    expect(loadKubeconfig(path)).toEqual({
      server: 'https://10.0.0.1:6443',
      userAgent: 'skiff',
      ca: 'the ca',
      cert: 'the cert',
      key: 'the key',
    })
  })

  it('takes files relative to itself, and a token file anew each time', () => {
    const options = loadKubeconfig(path, 'other')
    expect(options.ca).toBe('far ca')
    const token = options.token as () => string
    writeFileSync(join(directory, 'token'), 'first\n')
    expect(token()).toBe('first')
    writeFileSync(join(directory, 'token'), 'second\n')
    expect(token()).toBe('second')
  })

  it('names what is missing', () => {
    expect(() => loadKubeconfig(path, 'nope')).toThrow(`${path} has no context "nope"`)
    expect(() => loadKubeconfig(path, 'broken')).toThrow(`${path} has no cluster "nowhere"`)
    const empty = join(directory, 'empty')
    writeFileSync(empty, 'apiVersion: v1\nkind: Config\n')
    expect(() => loadKubeconfig(empty)).toThrow(`${empty} has no current context`)
  })
})
